import { type Control, controlOver } from "../control.ts";
import { poolFlavour } from "./flavour.ts";

const made = new WeakMap<Control, Control>();

/** What the handlers of worker pools work with, one for each cloud, made at first use. */
export function poolControlOf(control: Control): Control {
  const before = made.get(control);
  if (before !== undefined) return before;
  const pools = controlOver(control, poolFlavour(control.m));
  made.set(control, pools);
  return pools;
}

/** Undefined when nothing has asked for it yet. */
export function existingPoolControl(control: Control): Control | undefined {
  return made.get(control);
}
