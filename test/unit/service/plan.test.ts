import { planServices } from "../../../stacks/services";
import { config, type Values } from "../stacks/configProblems";

const names = (changes: Values) => planServices(config(changes)).map(({ name }) => name);

const ALL = {
  web: "true",
  portainer: "true",
  portainerMode: "agent",
  visualizer: "true",
  overlayCheck: "true",
  dnsCache: "true",
};

describe("planServices", () => {
  test("has the web server and Portainer unless told otherwise", () => {
    expect(planServices(config())).toEqual([
      {
        name: "web",
        image: "nginx:1.28.0-alpine",
        replicas: 3,
        publish: [{ mode: "ingress", protocol: "tcp", published: 80, target: 80 }],
      },
      {
        name: "portainer",
        image: "portainer/portainer-ce:2.33.7",
        replicas: 1,
        publish: [{ mode: "ingress", protocol: "tcp", published: 9000, target: 9000 }],
        management: true,
        dataUid: 0,
      },
    ]);
  });

  test("knows the pages for administrators", () => {
    const everything = planServices(
      config({ ...ALL, monitoring: "true", grafana: "true", autoscaling: "true" }),
    );
    expect(everything.filter(({ management }) => management).map(({ name }) => name)).toEqual([
      ...["portainer", "visualizer"],
      ...["prometheus", "alertmanager", "grafana"],
    ]);
  });

  test("lists everything that is switched on, always in the same order", () => {
    expect(names(ALL)).toEqual([
      "web",
      "portainer",
      "portainer-agent",
      "visualizer",
      "over-test",
      "dns-cache",
    ]);
  });

  test.each<[key: string, services: string[]]>([
    ["web", ["web"]],
    ["portainer", ["portainer", "portainer-agent"]],
    ["visualizer", ["visualizer"]],
    ["overlayCheck", ["over-test"]],
    ["dnsCache", ["dns-cache"]],
  ])("leaves out what %s: false switches off, and nothing else", (key, services) => {
    const left = names({ ...ALL, [key]: "false" });
    expect(left).toEqual(names(ALL).filter((name) => !services.includes(name)));
  });

  test("has an agent only in agent mode", () => {
    expect(names({ portainerMode: "socket" })).toEqual(["web", "portainer"]);
    expect(names({ portainerMode: "agent" })).toEqual(["web", "portainer", "portainer-agent"]);
  });

  test("sizes services: by config, once, twice, or on every node", () => {
    const sizes = planServices(config({ ...ALL, webReplicas: "5" })).map(
      ({ name, replicas }) => `${name} ${replicas}`,
    );
    expect(sizes).toEqual([
      "web 5",
      "portainer 1",
      "portainer-agent global",
      "visualizer 1",
      "over-test 2",
      "dns-cache global",
    ]);
  });

  test("has as many replicas of an autoscaled service as it is made with", () => {
    const scaled = (webAutoscale: string) =>
      planServices(
        config({ monitoring: "true", autoscaling: "true", webCpus: "0.5", webAutoscale }),
      )[0];
    expect(scaled("max=5,cpu=50")).toMatchObject({
      ...{ name: "web", replicas: 1, autoscale: { max: 5, cpuPercent: 50 } },
    });
    expect(scaled("max=5,min=2,cpu=50")).toMatchObject({ replicas: 2 });
  });

  test.each([
    ["webImage", "web"],
    ["portainerImage", "portainer"],
    ["portainerAgentImage", "portainer-agent"],
    ["visualizerImage", "visualizer"],
    ["overlayCheckImage", "over-test"],
    ["dnsCacheImage", "dns-cache"],
  ])("takes %s for %s alone", (key, service) => {
    const plans = planServices(config({ ...ALL, [key]: "example.org/other:1" }));
    const changed = plans.filter(({ image }) => image === "example.org/other:1");
    expect(changed.map(({ name }) => name)).toEqual([service]);
  });

  test.each([
    ["webPublish", "web"],
    ["portainerPublish", "portainer"],
    ["visualizerPublish", "visualizer"],
    ["dnsCachePublish", "dns-cache"],
  ])("takes %s for %s alone", (key, service) => {
    const plans = planServices(config({ ...ALL, [key]: "7777:77" }));
    const changed = plans.filter(({ publish }) =>
      publish.some(({ published, target }) => published === 7777 && target === 77),
    );
    expect(changed.map(({ name }) => name)).toEqual([service]);
  });
});
