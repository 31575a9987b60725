import type { Server } from "../create-server.ts";

export const post = (server: Server, path: string, body: unknown) => send(server, path, { method: "POST", body });

export async function send(server: Server, path: string, request: { method: string; body: unknown }): Promise<unknown> {
  const { method, body } = request;
  const answer = await server.app.request(path, {
    method,
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return text === "" ? null : JSON.parse(text);
}

export async function get(server: Server, path: string): Promise<unknown> {
  return (await server.app.request(path)).json();
}
