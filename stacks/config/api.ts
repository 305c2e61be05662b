import { flag, integer } from "../../components/machine/fields";

/** The engines' TLS API on managers, and its certificates. */
export const apiKeys = {
  apiOutside: flag(),
  /** Days */
  certificateDays: integer({ min: 1, max: 3650 }),
  /** Days */
  certificateRenewDays: integer({ min: 0, max: 3649 }),
  certificateRotation: integer({ min: 0, max: 1_000_000 }),
};
