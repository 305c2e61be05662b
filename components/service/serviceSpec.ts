/**
 * docker.Service: its inputs as the Engine API's service spec. Defaults that differ from the Engine's
 * own are the provider's.
 */
import { z } from "zod";
import { duration, labelMap, labels } from "./dockerTypes";

const zero = duration.default(0);
const count = z.int().nonnegative();

const healthcheck = z.strictObject({
  tests: z.array(z.string()),
  interval: zero,
  timeout: zero,
  startPeriod: zero,
  retries: count.default(0),
});

const mount = z.strictObject({
  type: z.enum(["bind", "volume"]),
  source: z.string().default(""),
  target: z.string(),
  readOnly: z.boolean().default(false),
  bindOptions: z
    .strictObject({ propagation: z.enum(["private", "rprivate", "slave", "rslave"]) })
    .optional(),
  volumeOptions: z
    .strictObject({
      driverName: z.string().default(""),
      driverOptions: z.record(z.string(), z.string()).default({}),
      noCopy: z.boolean().default(false),
      labels,
    })
    .optional(),
});

/** Where a secret or config appears in the container. */
const file = {
  fileName: z.string(),
  fileUid: z.string().default("0"),
  fileGid: z.string().default("0"),
  fileMode: z.int().default(0o444),
};

const containerSpec = z.strictObject({
  image: z.string(),
  labels,
  commands: z.array(z.string()).optional(),
  args: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).default({}),
  user: z.string().optional(),
  hosts: z.array(z.strictObject({ host: z.string(), ip: z.string() })).optional(),
  healthcheck: healthcheck.optional(),
  mounts: z.array(mount).optional(),
  secrets: z
    .array(z.strictObject({ secretId: z.string(), secretName: z.string().optional(), ...file }))
    .optional(),
  configs: z
    .array(z.strictObject({ configId: z.string(), configName: z.string().optional(), ...file }))
    .optional(),
  /** Without it, the provider's containers are killed at once. */
  stopGracePeriod: zero,
});

const amounts = z.strictObject({ nanoCpus: count.optional(), memoryBytes: count.optional() });

const taskSpec = z.strictObject({
  containerSpec,
  placement: z
    .strictObject({
      constraints: z.array(z.string()).optional(),
      prefs: z.array(z.string()).default([]),
      maxReplicas: count.optional(),
      platforms: z.array(z.strictObject({ architecture: z.string(), os: z.string() })).default([]),
    })
    .optional(),
  networksAdvanceds: z
    .array(
      z.strictObject({
        id: z.string(),
        aliases: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  restartPolicy: z
    .strictObject({
      condition: z.enum(["none", "on-failure", "any"]).optional(),
      delay: zero,
      maxAttempts: count.default(0),
      window: zero,
    })
    .optional(),
  resources: z
    .strictObject({ limits: amounts.optional(), reservation: amounts.optional() })
    .optional(),
  forceUpdate: count.optional(),
});

const updateConfig = z.strictObject({
  parallelism: count.default(1),
  delay: zero,
  failureAction: z.enum(["pause", "continue", "rollback"]).default("pause"),
  monitor: duration.default(5e9),
  maxFailureRatio: z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?)$/, "not a ratio from 0.0 to 1.0")
    .default("0.0"),
  order: z.enum(["stop-first", "start-first"]).default("stop-first"),
});

const endpointSpec = z.strictObject({
  mode: z.enum(["vip", "dnsrr"]).optional(),
  ports: z
    .array(
      z.strictObject({
        name: z.string().optional(),
        protocol: z.enum(["tcp", "udp"]).default("tcp"),
        targetPort: z.int(),
        publishedPort: z.int().optional(),
        publishMode: z.enum(["ingress", "host"]).default("ingress"),
      }),
    )
    .default([]),
});

const convergeConfig = z.strictObject({
  delay: duration.default(7e9),
  timeout: duration.default(180e9),
});

export const serviceInputs = z
  .strictObject({
    name: z.string(),
    labels,
    taskSpec,
    mode: z
      .union([
        z.strictObject({ replicated: z.strictObject({ replicas: count.default(1) }) }),
        z.strictObject({ global: z.literal(true) }),
      ])
      .default({ replicated: { replicas: 1 } }),
    updateConfig: updateConfig.optional(),
    rollbackConfig: updateConfig.optional(),
    endpointSpec: endpointSpec.optional(),
    convergeConfig: convergeConfig.optional(),
  })
  .refine(({ mode, convergeConfig }) => "replicated" in mode || convergeConfig === undefined, {
    path: ["convergeConfig"],
    message: "the provider cannot wait for a global service",
  });

export type ServiceInputs = z.infer<typeof serviceInputs>;

/** The body of `POST /services/create`. */
export function serviceSpec(inputs: ServiceInputs) {
  const { name, labels, taskSpec, mode, updateConfig, rollbackConfig, endpointSpec } = inputs;
  const { placement, networksAdvanceds, restartPolicy, resources } = taskSpec;
  return {
    Name: name,
    Labels: labelMap(labels),
    TaskTemplate: {
      ContainerSpec: toContainerSpec(taskSpec.containerSpec),
      Placement: placement && {
        Constraints: placement.constraints,
        Preferences: placement.prefs.map((by) => ({ Spread: { SpreadDescriptor: by } })),
        MaxReplicas: placement.maxReplicas,
        Platforms: placement.platforms.map(({ architecture, os }) => ({
          Architecture: architecture,
          OS: os,
        })),
      },
      Networks: networksAdvanceds?.map(({ id, aliases }) => ({ Target: id, Aliases: aliases })),
      RestartPolicy: restartPolicy && {
        Condition: restartPolicy.condition,
        Delay: restartPolicy.delay,
        MaxAttempts: restartPolicy.maxAttempts,
        Window: restartPolicy.window,
      },
      Resources: resources && {
        Limits: toAmounts(resources.limits),
        Reservations: toAmounts(resources.reservation),
      },
      ForceUpdate: taskSpec.forceUpdate,
    },
    Mode:
      "replicated" in mode
        ? { Replicated: { Replicas: mode.replicated.replicas } }
        : { Global: {} },
    UpdateConfig: toUpdateConfig(updateConfig),
    RollbackConfig: toUpdateConfig(rollbackConfig),
    EndpointSpec: endpointSpec && {
      Mode: endpointSpec.mode,
      Ports: endpointSpec.ports.map((port) => ({
        Name: port.name,
        Protocol: port.protocol,
        TargetPort: port.targetPort,
        PublishedPort: port.publishedPort,
        PublishMode: port.publishMode,
      })),
    },
  };
}

function toContainerSpec(inputs: z.infer<typeof containerSpec>) {
  const { healthcheck, mounts, secrets, configs, hosts } = inputs;
  return {
    Image: inputs.image,
    Labels: labelMap(inputs.labels),
    Command: inputs.commands,
    Args: inputs.args,
    Env: Object.entries(inputs.env).map(([key, value]) => `${key}=${value}`),
    User: inputs.user,
    Hosts: hosts?.map(({ ip, host }) => `${ip} ${host}`),
    HealthCheck: healthcheck && {
      Test: healthcheck.tests,
      Interval: healthcheck.interval,
      Timeout: healthcheck.timeout,
      StartPeriod: healthcheck.startPeriod,
      Retries: healthcheck.retries,
    },
    Mounts: mounts?.map(({ type, source, target, readOnly, bindOptions, volumeOptions }) => ({
      Type: type,
      Source: source,
      Target: target,
      ReadOnly: readOnly,
      BindOptions: bindOptions && { Propagation: bindOptions.propagation },
      VolumeOptions: volumeOptions && {
        NoCopy: volumeOptions.noCopy,
        Labels: labelMap(volumeOptions.labels),
        DriverConfig: { Name: volumeOptions.driverName, Options: volumeOptions.driverOptions },
      },
    })),
    Secrets: secrets?.map(({ secretId, secretName, ...place }) => ({
      SecretID: secretId,
      SecretName: secretName,
      File: toFile(place),
    })),
    Configs: configs?.map(({ configId, configName, ...place }) => ({
      ConfigID: configId,
      ConfigName: configName,
      File: toFile(place),
    })),
    StopGracePeriod: inputs.stopGracePeriod,
  };
}

function toFile(place: { fileName: string; fileUid: string; fileGid: string; fileMode: number }) {
  return {
    Name: place.fileName,
    UID: place.fileUid,
    GID: place.fileGid,
    Mode: place.fileMode,
  };
}

function toAmounts(inputs: z.infer<typeof amounts> | undefined) {
  return inputs && { NanoCPUs: inputs.nanoCpus, MemoryBytes: inputs.memoryBytes };
}

function toUpdateConfig(inputs: z.infer<typeof updateConfig> | undefined) {
  return (
    inputs && {
      Parallelism: inputs.parallelism,
      Delay: inputs.delay,
      FailureAction: inputs.failureAction,
      Monitor: inputs.monitor,
      MaxFailureRatio: Number(inputs.maxFailureRatio),
      Order: inputs.order,
    }
  );
}
