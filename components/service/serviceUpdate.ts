import { labelMap } from "./dockerTypes";
import { fingerprint } from "../machine/fingerprint";
import { serviceInputs, serviceSpec } from "./serviceSpec";

/** The labels by which a service says which spec, and which spec of its tasks, it was given last. */
export const SPEC_LABEL = "swarm.spec";
export const TASK_LABEL = "swarm.task";

/** What `service.sh update` puts in their places. */
const REPLICAS = "@REPLICAS@";
const TASK = "@TASK@";

/** The wanted state of a service whose number of replicas somebody else decides on. */
export interface ServiceUpdate {
  /** All labels of the service, those that stand for its spec among them. */
  labels: { label: string; value: string }[];
  /** The shell variables of `service.sh update`. */
  variables: { SPEC: string; SPEC_ID: string; TASK: string; TASK_ID: string };
}

/**
 * @param inputs Those of a replicated `docker.Service`, all known. The number of replicas has no part
 *   in the update.
 * @throws Error for an input that the conversion does not know
 */
export function serviceUpdate(inputs: unknown): ServiceUpdate {
  const parsed = serviceInputs.parse(inputs);
  const { TaskTemplate, ...rest } = serviceSpec({
    ...parsed,
    // Whatever it is made with, it is the same spec.
    mode: { replicated: { replicas: 0 } },
  });
  const id = { [TASK_LABEL]: fingerprint(TaskTemplate) };
  const ids = { ...id, [SPEC_LABEL]: fingerprint({ ...rest, ...id }) };
  const labels = { ...labelMap(parsed.labels), ...ids };
  const spec = {
    ...rest,
    Labels: labels,
    TaskTemplate: TASK,
    Mode: { Replicated: { Replicas: REPLICAS } },
  };
  return {
    labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
    variables: {
      SPEC: JSON.stringify(spec),
      SPEC_ID: ids[SPEC_LABEL]!,
      TASK: JSON.stringify(TaskTemplate),
      TASK_ID: ids[TASK_LABEL]!,
    },
  };
}
