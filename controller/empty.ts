/** Stands in for packages that the controller never uses. See `bundle.ts`. */
export {};
