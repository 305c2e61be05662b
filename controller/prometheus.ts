/* What the controller asks Prometheus. https://prometheus.io/docs/prometheus/latest/querying/api/ */

/** One series of an answer, as it is now. Its value may be NaN. */
export interface Sample {
  labels: Record<string, string>;
  value: number;
}

export interface PrometheusAccess {
  /** For example `http://prometheus:9090`. */
  url: string;
  user: string;
  password: string;
  timeoutMs: number;
}

/** Prometheus does not answer, or does not let us in. Any other error is about the query itself. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

interface Answer {
  status: "success" | "error";
  error?: string;
  data?:
    | {
        resultType: "vector";
        result: { metric: Record<string, string>; value: [number, string] }[];
      }
    | { resultType: "scalar"; result: [number, string] };
}

/** @returns the series that the expression has now; one without labels for a plain number */
export async function queryPrometheus(
  { url, user, password, timeoutMs }: PrometheusAccess,
  promql: string,
): Promise<Sample[]> {
  const credentials = Buffer.from(`${user}:${password}`).toString("base64");
  const { data } = await ask(`${url}/api/v1/query`, {
    method: "POST",
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ query: promql }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (data?.resultType === "vector") {
    return data.result.map(({ metric, value }) => ({ labels: metric, value: number(value) }));
  }
  if (data?.resultType === "scalar") return [{ labels: {}, value: number(data.result) }];
  throw new Error(`the query gives no numbers: ${promql}`);
}

/** Prometheus writes numbers as text, among them `NaN`, `+Inf` and `-Inf`. */
function number([, value]: [time: number, value: string]): number {
  return Number(value.replace("Inf", "Infinity"));
}

async function ask(url: string, request: RequestInit): Promise<Answer> {
  let response: Response;
  let body: string;
  try {
    response = await fetch(url, request);
    body = await response.text();
  } catch (error) {
    const { message, cause } = error as { message: string; cause?: NodeJS.ErrnoException };
    throw new Unreachable(cause?.message || cause?.code || message);
  }
  // 400 and 422 are about the query; 401, 404, 5xx and the like about the server.
  const aboutQuery = response.status === 400 || response.status === 422;
  if (!response.ok && !aboutQuery) throw new Unreachable(`status ${response.status}`);
  let answer: Answer;
  try {
    answer = JSON.parse(body) as Answer;
  } catch {
    throw new Unreachable("what answers there is not Prometheus");
  }
  if (answer.status !== "success") throw new Error(answer.error ?? `status ${response.status}`);
  return answer;
}

/*
 * The expressions. Those of tasks have one series a task, with the label `task`. Rates are over one
 * minute, which has to hold two scrapes at least: so they need a scrape interval of up to 30 s.
 */

/** Cores that each task uses. */
export function cpuQuery(service: string): string {
  return `sum by (task) (rate(container_cpu_usage_seconds_total${ofService("cadvisor", service)}[1m]))`;
}

/** Bytes that each task uses, without page cache that can go. */
export function memoryQuery(service: string): string {
  return `sum by (task) (container_memory_working_set_bytes${ofService("cadvisor", service)})`;
}

/** Requests per second that each task serves, by its own counter. */
export function requestsQuery(service: string, metric: string): string {
  return `sum by (task) (rate(${metric}${ofService("tasks", service)}[1m]))`;
}

function ofService(job: string, service: string): string {
  return `{job=${quote(job)},service=${quote(service)}}`;
}

/** As a text of PromQL, whose escapes are those of Go: JSON has no others. */
function quote(text: string): string {
  return JSON.stringify(text);
}
