import type { Dice } from "./dice.ts";

const palettes = [
  { sky: "#1b2a4a", low: "#7a5c8e", hill: "#24384f", near: "#14202e", light: "#ffd58a" },
  { sky: "#10333c", low: "#5fa08a", hill: "#1c4a4b", near: "#0c2428", light: "#f6e7b2" },
  { sky: "#3a1f3d", low: "#e08a6d", hill: "#4f2c46", near: "#241328", light: "#ffe0a3" },
  { sky: "#20265c", low: "#8aa4e0", hill: "#2c3570", near: "#151a3d", light: "#fff2c9" },
] as const;

/** A night landscape as SVG, 800 by 500, with the title in it for who cannot see it. */
export function paint(title: string, dice: Dice): string {
  const color = dice.pick(palettes);
  const stars = Array.from({ length: dice.between(30, 60) }, () => {
    const [x, y] = [dice.between(0, 800), dice.between(0, 280)];
    return `<circle cx="${x}" cy="${y}" r="${(0.6 + dice.next() * 1.6).toFixed(1)}" opacity="${(0.3 + dice.next() * 0.7).toFixed(2)}"/>`;
  });
  const moon = { x: dice.between(120, 680), y: dice.between(70, 170), r: dice.between(28, 54) };
  const house = { x: dice.between(160, 600), y: dice.between(352, 380) };
  const label = escaped(title);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 500" role="img" aria-label="${label}">
<title>${label}</title>
<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${color.sky}"/><stop offset="1" stop-color="${color.low}"/></linearGradient></defs>
<rect width="800" height="500" fill="url(#sky)"/>
<g fill="${color.light}">${stars.join("")}</g>
<path d="${crescent(moon)}" fill="${color.light}"/>
<path d="${hills(dice, 300, 60)}" fill="${color.hill}"/>
<g transform="translate(${house.x} ${house.y})"><path d="M0 0v-42l26-24 26 24V0z" fill="${color.near}"/><rect x="18" y="-34" width="16" height="18" fill="${color.light}"/></g>
<path d="${hills(dice, 375, 34)}" fill="${color.near}"/>
</svg>`;
}

/** A line of hills from left to right at about this height, closed below. */
function hills(dice: Dice, height: number, spread: number): string {
  const points = Array.from({ length: 5 }, (_, index) => {
    const x = index * 200;
    return `${x - 100} ${height + dice.between(-spread, spread)} ${x} ${height + dice.between(-spread, spread)}`;
  });
  return `M-200 500V${height}${points.map((point) => `Q${point}`).join("")}V500z`;
}

function escaped(text: string): string {
  return text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A moon with a bite out of it, as a path: what is behind it shows through. */
function crescent({ x, y, r }: { readonly x: number; readonly y: number; readonly r: number }): string {
  const [top, bottom] = [`${x} ${y - r}`, `${x} ${y + r}`];
  return `M ${top} A ${r} ${r} 0 1 0 ${bottom} A ${(r * 1.4).toFixed(0)} ${(r * 1.4).toFixed(0)} 0 0 1 ${top} Z`;
}
