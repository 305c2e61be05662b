import { overlayOptions } from "../../../components/swarm/ingress";
import { ingressOf } from "../../../stacks/config/sections";
import { config } from "../stacks/configProblems";

describe("ingressOf", () => {
  test("is encrypted, and small enough for it, unless told otherwise", () => {
    expect(ingressOf(config())).toEqual({
      name: "my-ingress",
      subnet: "10.11.0.0/16",
      gateway: "10.11.0.2",
      mtu: 1200,
      encrypted: true,
    });
  });

  test("is what the config says", () => {
    const changes = {
      ingressName: "mesh",
      ingressSubnet: "10.77.0.0/24",
      ingressGateway: "10.77.0.1",
      ingressMtu: "1450",
      ingressEncrypted: "false",
    };
    expect(ingressOf(config(changes))).toEqual({
      name: "mesh",
      subnet: "10.77.0.0/24",
      gateway: "10.77.0.1",
      mtu: 1450,
      encrypted: false,
    });
  });
});

describe("overlayOptions", () => {
  test("says `encrypted` by being there, not by a value", () => {
    expect(overlayOptions({ mtu: 1200, encrypted: true })).toEqual({
      "com.docker.network.driver.mtu": "1200",
      encrypted: "",
    });
    expect(overlayOptions({ mtu: 1450, encrypted: false })).toEqual({
      "com.docker.network.driver.mtu": "1450",
    });
  });
});
