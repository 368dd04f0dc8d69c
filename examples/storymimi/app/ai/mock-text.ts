import type { StoryRequest } from "../story.ts";
import type { Dice } from "./dice.ts";

const names = ["Mimi", "Otis", "Wren", "Juno", "Pip", "Saoirse", "Bela", "Tomo"] as const;
const places = [
  "at the far end of the harbour",
  "where the tram turns round",
  "under the oldest pear tree in town",
  "in the attic above the clockmaker's shop",
  "on the island that the maps leave out",
] as const;
const helpers = [
  "a heron who kept everyone's secrets",
  "a postman with one very long day",
  "a moth that had once seen the sun up close",
  "a kettle that only told the truth",
  "a girl who could hear snow coming",
] as const;
const worries = [
  "it was smaller than everybody had promised",
  "nobody would come and look",
  "the night would end before the good part",
  "it had begun all wrong",
  "someone had already thought of it",
] as const;
const turns = [
  "So they sat down, which is what one does before anything important.",
  "Then the wind changed its mind, and so did they.",
  "It was the quiet that gave it away.",
  "They tried the wrong door first, as everybody does.",
] as const;
const lessons = [
  "that being afraid and being ready feel the same from the inside",
  "that a thing need not be large to be whole",
  "that some lights are seen best from very far away",
  "that you may begin again as often as you like",
] as const;
const titles = ["The Night of", "A Small History of", "What Became of", "A Lantern for", "The Patience of"] as const;

/** A story about the topic, of three, five or seven paragraphs. */
export function write(request: StoryRequest, dice: Dice): { readonly title: string; readonly text: string } {
  const { topic } = request;
  const name = dice.pick(names);
  const place = dice.pick(places);
  const helper = dice.pick(helpers);
  const lesson = dice.pick(lessons);
  const opening = [
    `${name} lived ${place}, and had been thinking about ${topic} since breakfast.`,
    `"Somebody ought to," said ${name} to the window. The window, which had heard a good deal, agreed.`,
  ].join(" ");
  const meeting = `On the way there was ${helper}. "You are going because of ${topic}," it said, and it was not a question. ${name} was worried that ${dice.pick(worries)}, and said so, and felt lighter by exactly one worry.`;
  const ending = `When it was over, ${name} walked home the long way round. What was left of the evening was ${topic}, told from the beginning, and ${name} knew now ${lesson}.`;
  const middle = [
    dice.pick(turns),
    `There it was at last: ${topic}. It did not look the way it had looked in ${name}'s head. It looked better, and a little tired.`,
    `"We kept a place for you," it seemed to say. ${name} took the place, and for a while nobody needed to be anywhere else.`,
    `Later ${name} would remember only the smell of rain, and ${dice.between(3, 9)} stars, and that somebody had laughed first.`,
  ];
  const paragraphs = [opening, meeting, ...middle.slice(0, { short: 1, medium: 3, long: 4 }[request.length]), ending];
  return { title: `${dice.pick(titles)} ${capitals(topic)}`, text: paragraphs.join("\n\n") };
}

const small = new Set([
  "a",
  "an",
  "and",
  "at",
  "by",
  "for",
  "in",
  "is",
  "of",
  "on",
  "or",
  "that",
  "the",
  "to",
  "who",
  "with",
]);

function capitals(topic: string): string {
  const words = topic.replace(/[.!?]+$/, "").split(" ");
  return words.map((word) => (small.has(word) ? word : word.charAt(0).toUpperCase() + word.slice(1))).join(" ");
}
