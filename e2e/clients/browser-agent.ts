import type { Handler } from "./agents.ts";

/** A page, and an endpoint that pages of other origins may ask: what CORS takes is the agent's to say. */
export function createBrowserAgent(version: string): Handler {
  return async (request) => {
    if (new URL(request.url).pathname === "/page") {
      return new Response("<!doctype html><title>chat</title><link rel=icon href=data:,>", {
        headers: { "content-type": "text/html" },
      });
    }
    const allowed = { "access-control-allow-origin": request.headers.get("origin") ?? "*" };
    if (request.method === "OPTIONS") {
      const headers = "content-type, x-session-id, x-perch-session";
      return new Response(null, {
        status: 204,
        headers: { ...allowed, "access-control-allow-methods": "POST", "access-control-allow-headers": headers },
      });
    }
    return Response.json({ version }, { headers: { ...allowed, "access-control-expose-headers": "x-perch-session" } });
  };
}
