/** What the page does: asks for a story, follows it, shows it. The story's address is kept in the page's own. */
export const script = `
const at = (id) => document.getElementById(id);
const words = {
  queued: "Waiting for a storyteller …",
  running: "The story is being told …",
  retrying: "The storyteller stumbled and starts again …",
};
let current = 0;

async function ask(event) {
  event.preventDefault();
  const { topic, length } = Object.fromEntries(new FormData(at("ask")));
  say("problem", "");
  at("topic").removeAttribute("aria-invalid");
  if (!topic.trim()) return refuse("Say what the story is about.");
  at("story").hidden = true;
  busy(true);
  try {
    const answer = await fetch("/stories", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ topic, length }),
    });
    const told = await answer.json();
    if (!answer.ok) return refuse(told.problems?.map((one) => one.field + " " + one.problem).join("; ") ?? told.error);
    history.replaceState(null, "", "#" + told.id);
    await follow(told.id);
  } catch {
    refuse("The server does not answer. Try again in a moment.");
  } finally {
    busy(false);
  }
}

async function follow(id) {
  const mine = ++current;
  for (let misses = 0; mine === current; ) {
    const answer = await fetch("/stories/" + encodeURIComponent(id)).catch(() => undefined);
    if (answer?.status === 404) return say("status", "This story is no longer kept.");
    if (answer?.ok) {
      misses = 0;
      const story = await answer.json();
      if (story.status === "done") return show(story);
      if (story.status === "failed") return refuse("The story could not be told: " + story.error);
      say("status", words[story.status] ?? story.status);
      at("progress").value = story.progress;
    } else if (++misses > 20) {
      throw new Error("no answer");
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function show({ result }) {
  say("status", "");
  say("title", result.title);
  at("image").src = result.image;
  at("image").alt = "An illustration of: " + result.title;
  at("audio").src = result.audio;
  at("text").replaceChildren(...result.text.split("\\n\\n").map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  at("story").hidden = false;
  at("story").focus({ preventScroll: true });
  at("story").scrollIntoView({ block: "start" });
}

function refuse(problem) {
  say("status", "");
  say("problem", problem);
  at("topic").setAttribute("aria-invalid", "true");
  at("topic").focus();
}

function busy(is) {
  at("ask").querySelector("button").disabled = is;
  at("progress").hidden = !is;
  at("progress").removeAttribute("value");
}

function say(id, text) {
  at(id).textContent = text;
}

at("ask").addEventListener("submit", ask);
at("topic").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) at("ask").requestSubmit();
});
if (location.hash.startsWith("#story-")) follow(location.hash.slice(1)).catch(() => say("status", "The server does not answer."));
`;
