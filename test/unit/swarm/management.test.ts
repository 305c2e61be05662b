import { publishedPorts } from "../../../components/service/compose";
import { planAdminPorts } from "../../../components/swarm/management";
import { usersPorts } from "../../../components/swarm/publish";
import { adminCidrsOf } from "../../../stacks/config/sections";
import { planServices } from "../../../stacks/services";
import { config, type Values } from "../stacks/configProblems";

const EC2 = { target: "ec2", ec2AdminCidrs: "203.0.113.7/32", diskMB: "20000" };
const COMPOSE = JSON.stringify({ services: { shop: { image: "shop:1", ports: ["9001:80"] } } });

function ports(values: Values) {
  return publishedPorts(planServices(config(values)), COMPOSE);
}

describe("the ports that are for administrators", () => {
  test.each<[what: string, changes: Values, expected: number[], from: string[]]>([
    ["Portainer's, for whoever reaches the NAT network", {}, [9000], []],
    [
      "those for a list of networks",
      { adminCidrs: "192.168.123.1/32" },
      [9000],
      ["192.168.123.1/32"],
    ],
    ["those on EC2", { ...EC2, adminCidrs: "192.168.123.1/32" }, [9000], ["203.0.113.7/32"]],
    ["none of a page that is off", { portainer: "false" }, [], []],
    [
      "every page's, each of its ports, host mode too",
      {
        ...{ visualizer: "true", monitoring: "true", grafana: "true" },
        ...{ prometheusPublish: "9090:9090,host:9091:9090", grafanaPublish: "3000:3000" },
      },
      [9000, 8080, 9090, 9091, 3000],
      [],
    ],
  ])("are %s", (_, changes, expected, from) => {
    expect(planAdminPorts(ports(changes), adminCidrsOf(config(changes)))).toEqual({
      ports: expected,
      from,
    });
  });

  test("are all that is not for users", () => {
    const all = ports({ visualizer: "true" });
    expect(usersPorts(all).map(({ published }) => published)).toEqual([80, 9001]);
    expect(all.map(({ published }) => published)).toEqual([80, 9000, 8080, 9001]);
  });
});
