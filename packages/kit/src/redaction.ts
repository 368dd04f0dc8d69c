const hidden = "***";

/**
 * A value that does not print: `String`, `JSON.stringify`, `console.log` and template literals all show `***`.
 * `reveal()` is the one way to the value.
 */
export class Redacted<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return hidden;
  }
}

/**
 * A function that replaces every occurrence of the given values in a text by `***`, longest first. Values shorter
 * than four characters are left, or ordinary words would vanish.
 */
export function redactor(values: Iterable<string>): (text: string) => string {
  const ordered = [...new Set(values)].filter((value) => value.length >= 4).sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((shown, value) => shown.replaceAll(value, hidden), text);
}
