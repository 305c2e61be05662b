// Pulumi would type-check the pack in every preview; that is `npm run check`'s. tsx only runs it.
require("tsx/cjs");
require("./pack.ts");
