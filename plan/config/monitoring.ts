import { flag } from "./fields";

/** What watches the swarm, and what scales its services. */
export const monitoringKeys = {
  monitoring: flag(),
  autoscaling: flag(),
};
