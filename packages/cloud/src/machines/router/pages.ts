import type { ServerResponse } from "node:http";

/** What Google's front end answers in a program's place: the status, the page, and what goes into the request log. */
export interface Page {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function html(
  status: number,
  title: string,
  heading: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Page {
  const body = `
<html><head>
<meta http-equiv="content-type" content="text/html;charset=utf-8">
<title>${status} ${title}</title>
</head>
<body text=#000000 bgcolor=#ffffff>
<h1>Error: ${heading}</h1>
<h2>${text}</h2>
<h2></h2>
</body></html>
`;
  return { status, body, headers: { "content-type": "text/html; charset=UTF-8", ...headers } };
}

const path = (url: string): string =>
  (url.split("?")[0] ?? "/").replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

export const pages = {
  notFound: (): Page =>
    html(404, "Page not found", "Page not found", "The requested URL was not found on this server."),
  forbidden: (url: string): Page =>
    html(
      403,
      "Forbidden",
      "Forbidden",
      `Your client does not have permission to get URL <code>${path(url)}</code> from this server.`,
    ),
  unauthorized: (url: string, description: string): Page =>
    html(
      401,
      "Unauthorized",
      "Unauthorized",
      `Your client does not have permission to the requested URL <code>${path(url)}</code>.`,
      {
        "www-authenticate": `Bearer error="invalid_token" error_description="${description}"`,
      },
    ),
  tooLarge: (): Page =>
    html(
      413,
      "Request Entity Too Large",
      "Request Entity Too Large",
      "Your client issued a request that was too large.",
    ),
  rateExceeded: (): Page => plain(429, "Rate exceeded."),
  unavailable: (): Page => plain(503, "Service Unavailable"),
  serverError: (): Page =>
    html(500, "Server Error", "Server Error", "The server encountered an error and could not complete your request."),
  timeout: (): Page => plain(504, "upstream request timeout"),
} as const;

function plain(status: number, body: string): Page {
  return { status, body, headers: { "content-type": "text/plain" } };
}

/** Answers with the page; nothing where an answer has begun. */
export function sendPage(res: ServerResponse, page: Page): void {
  if (res.headersSent || res.destroyed) return void res.destroy();
  res.writeHead(page.status, { ...page.headers, "content-length": Buffer.byteLength(page.body) });
  res.end(page.body);
}
