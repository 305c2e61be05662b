import { flag, integer, text } from "./fields";

function managerProblem(name: string): string | undefined {
  return /^mg\d$/.test(name) ? undefined : "is not a manager's name; write one such as mg0";
}

/** The engines' TLS API on managers, and its certificates. */
export const apiKeys = {
  apiOutside: flag(),
  apiManager: text(managerProblem),
  /** Days */
  certificateDays: integer({ min: 1, max: 3650 }),
  /** Days */
  certificateRenewDays: integer({ min: 0, max: 3649 }),
};
