import { serviceOf } from "../../conformance/docker";
import { webPort } from "../../conformance/web";
import type { StackOutputs } from "../../stacks/outputs";
import type { DomainType } from "../../components/kvm/domain";
import { taskBounds } from "../../components/service/plan";
import { replicasByApi, sampleReplicas, type Replicas, type Sample } from "./replicas";
import { pause, sendRequests, type Answers, type LoadOptions } from "./requests";

/**
 * A load that one replica of `web` with so many CPUs cannot serve, and three can: in requests a second
 * and clients. On an emulated node a request takes nginx 4 to 7 ms of CPU time, and the mesh more than
 * twice that on the nodes that it passes: more requests, and nodes so busy lose each other (measured,
 * two cores for all nodes). What a replica takes without a load, a health check of about 0.9 s of CPU
 * time a minute, has to be less than half of the target, or two never become one. With KVM about a
 * fortieth is assumed, not measured.
 */
export const LOADS = {
  qemu: { webCpus: "0.15", perSecond: 50, clients: 10 },
  kvm: { webCpus: "0.02", perSecond: 300, clients: 40 },
} satisfies Record<DomainType, object>;

/**
 * Config for a `web` that such a load makes grow. Its window is short, so that one can watch it get
 * smaller again.
 */
export function scaledWeb(type: DomainType): Record<string, string> {
  return {
    monitoring: "true",
    autoscaling: "true",
    webAutoscale: "max=3,min=1,cpu=60,window-down=60",
    webCpus: LOADS[type].webCpus,
  };
}

/** What goes on afterwards, so that a request which a replica that ends leaves unanswered is seen. */
const TRICKLE = { perSecond: 1, clients: 2 };

/** Seconds for a service without load to get to its fewest replicas: the window, and some rounds. */
const CALM_SECONDS = 360;

export interface SurgeOptions {
  /** What comes, how long it lasts at least, and how long it goes on for `web` to get to its most. */
  load: Omit<LoadOptions, "targets"> & { seconds: number; untilMaxSeconds: number };
  signal?: AbortSignal;
  /** Called every second with how it stands. */
  onSecond?: (now: Replicas, answers: Answers) => void;
}

/** A load on `web` that came and went, and what `web` made of it. */
export interface Surge {
  answers: Answers;
  /** From the beginning of the load. */
  samples: Sample[];
  bounds: { min: number; max: number };
  /** How long the load lasted. */
  loadSeconds: number;
  /** From the beginning of the load until the most replicas ran; undefined if they never did. */
  secondsToMax: number | undefined;
  /** From the end of the load until the fewest were left; likewise. */
  secondsToMin: number | undefined;
}

/** Where requests to `web` go: the port that the mesh publishes, by every node. */
export function webTargets(outputs: StackOutputs): LoadOptions["targets"] {
  const port = webPort(outputs);
  if (port === undefined) throw new Error("web publishes no port through the mesh; see webPublish");
  return outputs.nodes.map(({ ingressAddress }) => ({ host: ingressAddress, port }));
}

/**
 * Loads an autoscaled `web` once it has its fewest replicas, and waits until it has them again.
 *
 * @throws Error when it does not have them to begin with
 */
export async function surge(
  outputs: StackOutputs,
  options: SurgeOptions,
  look = replicasByApi(outputs, "web"),
): Promise<Surge> {
  const bounds = taskBounds(serviceOf(outputs, "web") ?? { replicas: "global" });
  if (!bounds || bounds.min === bounds.max)
    throw new Error("web is not autoscaled; see webAutoscale");
  const targets = webTargets(outputs);
  const answers: Answers = { requests: 0, failed: [] };
  const samples: Sample[] = [];
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;

  /** Whether that comes true before the time is over. */
  const until = async (done: (now: Replicas) => boolean, seconds: number): Promise<boolean> => {
    const deadline = performance.now() + 1000 * seconds;
    while (!signal.aborted && performance.now() < deadline) {
      const now = samples.at(-1);
      if (now) options.onSecond?.(now, answers);
      if (now && done(now)) return true;
      await pause(Math.min(1000, deadline - performance.now()), signal);
    }
    options.signal?.throwIfAborted();
    return false;
  };
  const has = (replicas: number) => (now: Replicas) =>
    now.wanted === replicas && now.running === replicas;
  const watching = sampleReplicas(look, samples, signal);
  try {
    if (!(await until(has(bounds.min), CALM_SECONDS))) {
      throw new Error(`web does not get to its fewest replicas (${bounds.min}) without a load`);
    }
    const calm = samples.at(-1)!.seconds;
    const overload = new AbortController();
    const { perSecond, clients, seconds, untilMaxSeconds } = options.load;
    const loading = sendRequests(
      { perSecond, clients, targets },
      answers,
      AbortSignal.any([overload.signal, signal]),
    );
    const started = performance.now();
    await until(has(bounds.max), untilMaxSeconds);
    await until(() => false, seconds - (performance.now() - started) / 1000);
    overload.abort();
    await loading;
    const ended = samples.at(-1)!.seconds;

    const trickle = sendRequests({ ...TRICKLE, targets }, answers, signal);
    await until(has(bounds.min), CALM_SECONDS);
    stop.abort();
    await trickle;
    const since = samples.filter((sample) => sample.seconds >= calm);
    const loaded = since.map((sample) => ({ ...sample, seconds: sample.seconds - calm }));
    return { answers, bounds, samples: loaded, ...times(loaded, bounds, ended - calm) };
  } finally {
    stop.abort();
    await watching;
  }
}

/**
 * How long a service took to get to its most under a load, and back to its fewest after it.
 *
 * @param samples From the beginning of the load
 * @param loadSeconds How long the load lasted
 */
export function times(samples: Sample[], { min, max }: Surge["bounds"], loadSeconds: number) {
  const firstWith = (replicas: number, from: number) =>
    samples.find(
      ({ seconds, wanted, running }) =>
        seconds >= from && wanted === replicas && running === replicas,
    )?.seconds;
  const back = firstWith(min, loadSeconds);
  return {
    loadSeconds,
    secondsToMax: firstWith(max, 0),
    secondsToMin: back === undefined ? undefined : back - loadSeconds,
  };
}

/** What did not come out as it should, one a line. */
export function surgeProblems({ answers, bounds, secondsToMax, secondsToMin }: Surge): string[] {
  const failed = answers.failed.length;
  return [
    ...(secondsToMax === undefined ? [`web never had its ${bounds.max} replicas`] : []),
    ...(secondsToMin === undefined ? [`web did not get back to ${bounds.min}`] : []),
    ...(failed > 0 ? [`${failed} of ${answers.requests} requests failed`] : []),
  ];
}
