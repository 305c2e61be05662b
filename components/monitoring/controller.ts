import * as pulumi from "@pulumi/pulumi";
import { bundleController } from "../../controller/bundle";
import { MONITORING_PORTS, MONITORING_USER, PASSWORD_FILE } from "./ports";
import { bind, SOCKET, swarmService } from "../service/swarmService";
import {
  mountConfig,
  mountPassword,
  createFile,
  ON_MANAGERS,
  serviceDefaults,
  type MonitoringContext,
  type Passwords,
} from "./context";

export interface ControllerArgs extends MonitoringContext {
  autoscaling: boolean;
  autoscalingDryRun: boolean;
  scrapeSeconds: number;
  passwords: Passwords;
}

const PROGRAM = "/controller.js";

/**
 * The controller (controller/), a copy on every manager, of which the one on the swarm's leader acts.
 * Creates its service and a config with the program, so that a changed one rolls.
 */
export class Controller extends pulumi.ComponentResource {
  constructor(name: string, args: ControllerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("swarm:monitoring:Controller", name, {}, opts);
    const { passwords } = args;
    const program = createFile(
      `${name}-program`,
      args,
      "config",
      "controller",
      bundleController(),
      this,
    );
    swarmService(
      `${name}-service`,
      {
        ...serviceDefaults(args, "controller"),
        container: {
          commands: ["node", PROGRAM],
          env: {
            PROMETHEUS_URL: `http://prometheus:${MONITORING_PORTS.prometheus}`,
            PROMETHEUS_USER: MONITORING_USER,
            PROMETHEUS_PASSWORD_FILE: PASSWORD_FILE,
            INTERVAL_SECONDS: `${args.scrapeSeconds}`,
            AUTOSCALE: `${args.autoscaling}`,
            DRY_RUN: `${args.autoscalingDryRun}`,
            LISTEN_PORT: `${MONITORING_PORTS.controller}`,
          },
          mounts: [bind(SOCKET, SOCKET)],
          configs: [mountConfig(program, PROGRAM)],
          secrets: [mountPassword(passwords)],
        },
        constraints: ON_MANAGERS,
        files: [program, passwords.plain],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
