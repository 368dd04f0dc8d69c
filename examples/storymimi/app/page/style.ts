/** The page's looks, by day and by night. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fbf6ec, #14172b);
  --card: light-dark(#fffdf8, #1d2140);
  --ink: light-dark(#2b2440, #efe9dc);
  --quiet: light-dark(#6a617f, #aaa6c4);
  --line: light-dark(#e4d9c6, #363b63);
  --glow: light-dark(#b4471d, #ffcf87);
  --on-glow: light-dark(#fffdf8, #14172b);
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; max-width: 44rem; padding: 2.5rem 1.25rem 4rem;
  background: var(--paper); color: var(--ink);
  font: 1.125rem/1.65 Georgia, "Iowan Old Style", "Palatino Linotype", serif;
}
h1 { margin: 0; font-size: 2.4rem; line-height: 1.1; letter-spacing: -0.02em; }
header p { margin: 0.4rem 0 1.8rem; color: var(--quiet); }
form, article { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; padding: 1.4rem; }
form > label { display: block; font-weight: bold; margin-bottom: 0.4rem; }
textarea {
  width: 100%; resize: vertical; padding: 0.7rem 0.9rem; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--quiet); border-radius: 0.6rem;
}
textarea::placeholder { color: var(--quiet); opacity: 1; font-style: italic; }
fieldset { border: 0; padding: 0; margin: 1rem 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.4rem; }
legend { float: left; margin-right: 1.2rem; color: var(--quiet); }
fieldset label { cursor: pointer; }
input { accent-color: var(--glow); }
button {
  font: inherit; font-weight: bold; cursor: pointer; padding: 0.6rem 1.6rem;
  color: var(--on-glow); background: var(--glow); border: 0; border-radius: 99rem;
}
button:disabled { opacity: 0.6; cursor: progress; }
:focus-visible { outline: 3px solid var(--glow); outline-offset: 2px; }
#problem { color: var(--glow); margin: 0 0 0.6rem; }
#problem:empty, #status:empty { display: none; }
#status { margin: 1.2rem 0 0.4rem; color: var(--quiet); }
progress { width: 100%; height: 0.4rem; accent-color: var(--glow); }
article { margin-top: 1.6rem; padding: 0 0 1.4rem; overflow: hidden; }
article > :not(img) { margin-left: 1.4rem; margin-right: 1.4rem; }
article img { display: block; width: 100%; aspect-ratio: 8 / 5; object-fit: cover; }
article h2 { font-size: 1.7rem; line-height: 1.2; margin-top: 1.3rem; margin-bottom: 0.9rem; }
audio { width: calc(100% - 2.8rem); }
@media (prefers-reduced-motion: no-preference) {
  article { animation: rise 0.5s ease-out; }
  @keyframes rise { from { opacity: 0; transform: translateY(0.8rem); } }
}
`;
