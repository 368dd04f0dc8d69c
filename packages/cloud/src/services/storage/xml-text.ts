const special: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => special[character] ?? character);
}

/** `<Key>a &amp; b</Key>`; nothing for an undefined value. */
export function element(name: string, value: string | undefined): string {
  return value === undefined ? "" : `<${name}>${escapeXml(value)}</${name}>`;
}

/** A whole document; `parts` are XML already. */
export function xmlDocument(root: string, ...parts: readonly string[]): string {
  const name = root.split(" ")[0] ?? root;
  return `<?xml version='1.0' encoding='UTF-8'?><${root}>${parts.join("")}</${name}>`;
}
