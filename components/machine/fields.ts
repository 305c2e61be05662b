import { z } from "zod";

/*
 * The kinds of values that config keys have, and how each is read from text: Pulumi hands over
 * every value as text, `"3"` and `"true"` included.
 *
 * An error message here continues the sentence `<key>: "<value>" ...`. It says what is wrong and,
 * after a semicolon, what to write instead.
 */

export interface IntegerBounds {
  min: number;
  max: number;
  /** Why not less, as it follows "is less than 512, ". */
  tooSmall?: string;
  /** Why not more, as it follows "is more than 7, ". */
  tooLarge?: string;
  /** What to write instead. Default: any whole number within the bounds. */
  remedy?: string;
}

/** A whole number within bounds, both of them allowed. */
export function integer({ min, max, tooSmall, tooLarge, remedy }: IntegerBounds) {
  const instead = remedy ?? `write a whole number from ${min} to ${max}`;
  const because = (reason?: string) => (reason ? `, ${reason}` : "");
  return z
    .string()
    .regex(/^(0|-?[1-9]\d*)$/, `is not a whole number; ${instead}`)
    .transform(Number)
    .pipe(
      z
        .number()
        .min(min, `is less than ${min}${because(tooSmall)}; ${instead}`)
        .max(max, `is more than ${max}${because(tooLarge)}; ${instead}`),
    );
}

/** Yes or no. */
export function flag() {
  return z
    .enum(["true", "false"], { error: "is neither true nor false; write true or false" })
    .transform((text) => text === "true");
}

/**
 * Text without white space around it, refused when `problem` finds something wrong with it.
 * `problem` returns the message, or undefined for a good value.
 */
export function text(problem: (value: string) => string | undefined) {
  return z.string().superRefine((value, context) => {
    const trimmed = value.trim();
    const message =
      trimmed && trimmed !== value
        ? `has white space around it; write "${trimmed}"`
        : problem(value);
    if (message) context.addIssue({ code: "custom", message });
  });
}
