import { z } from "zod";
import { apiKeys } from "./api";
import { attributeKeys } from "./attributes";
import { backupKeys } from "./backup";
import { clusterKeys } from "./cluster";
import { dockerKeys } from "./docker";
import { ec2Keys } from "./ec2";
import { hypervisorKeys } from "./hypervisor";
import { machineKeys } from "./machine";
import { monitoringKeys } from "./monitoring";
import { networkKeys } from "./network";
import { overlayKeys } from "./overlay";
import { serviceKeys } from "./services";
import { storageKeys } from "./storage";

/**
 * Every config key and how its value is read. What a key means and its default are in Pulumi.yaml;
 * what several keys have to do with each other is in rules.ts.
 */
export const schema = z.object({
  ...clusterKeys,
  ...attributeKeys,
  ...machineKeys,
  ...hypervisorKeys,
  ...ec2Keys,
  ...networkKeys,
  ...dockerKeys,
  ...overlayKeys,
  ...apiKeys,
  ...serviceKeys,
  ...monitoringKeys,
  ...storageKeys,
  ...backupKeys,
});

/** The whole configuration, checked. Numbers are in the unit that their key ends in. */
export type Config = z.infer<typeof schema>;

export type ConfigKey = keyof Config;

export const configKeys = Object.keys(schema.shape) as ConfigKey[];
