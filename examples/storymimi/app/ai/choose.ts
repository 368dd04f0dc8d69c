import type { Settings } from "../settings.ts";
import { mockTeller } from "./mock.ts";
import { createRealTeller } from "./real.ts";
import type { Teller } from "./teller.ts";

/** The teller that USE_MOCK_AI_SERVICES and LLM_BACKEND ask for. */
export function chooseTeller(settings: Settings): Teller {
  return settings.mock ? mockTeller : createRealTeller(settings);
}
