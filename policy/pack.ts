/**
 * The policy pack, as `pulumi preview --policy-pack policy` runs it: a program of its own, which
 * the engine asks about each resource before it is made and about all of them at the end.
 */
import { PolicyPack } from "@pulumi/policy";
import { policies } from "./policies";

new PolicyPack("pulumi-swarm", { policies });
