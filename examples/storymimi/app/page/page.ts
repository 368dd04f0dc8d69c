/** The page at `/`: a topic goes in, a story with its picture and sound comes out. */
export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>StoryMimi</title>
<link rel="stylesheet" href="/page.css">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<script src="/page.js" type="module"></script>
</head>
<body>
<header>
<h1>StoryMimi</h1>
<p>Say what it should be about, and a story is told.</p>
</header>
<main>
<form id="ask" novalidate>
<label for="topic">A story about</label>
<textarea id="topic" name="topic" rows="2" maxlength="300" required aria-describedby="problem"
 placeholder="a lighthouse that is afraid of the dark"></textarea>
<fieldset>
<legend>How long</legend>
<label><input type="radio" name="length" value="short" checked> short</label>
<label><input type="radio" name="length" value="medium"> medium</label>
<label><input type="radio" name="length" value="long"> long</label>
</fieldset>
<p id="problem" role="alert"></p>
<button type="submit">Tell it</button>
</form>
<p id="status" role="status" aria-live="polite"></p>
<progress id="progress" max="100" hidden aria-label="How far the story is"></progress>
<article id="story" hidden tabindex="-1" aria-labelledby="title">
<img id="image" alt="">
<h2 id="title"></h2>
<audio id="audio" controls preload="metadata" aria-label="The story's sound"></audio>
<div id="text"></div>
</article>
</main>
<noscript>This page needs JavaScript. Without it: POST {"topic": "…"} to /stories, then GET the url of the answer.</noscript>
</body>
</html>
`;

/** A house with a light on. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#3b1f3b"/><path d="M7 16 16 8l9 8v10H7z" fill="#fffdf8"/><path d="M14 18h4v4h-4z" fill="#e0a030"/></svg>`;
