import type { Story, StoryRequest } from "../story.ts";

/** Makes a story of a request: text, picture and sound. The mock and the real services are both one of these. */
export interface Teller {
  readonly name: string;
  /** `id` names what is stored for it. `progress` is told 0 to 100. Throws `ProviderError` when a service fails for good. */
  tell(request: StoryRequest, options: TellOptions): Promise<Story>;
}

export interface TellOptions {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly progress: (percent: number) => Promise<void>;
}
