import type { ServerResponse } from "node:http";

/** Counts the requests under way. */
export type InFlight = { readonly enter: (response: ServerResponse) => void; readonly count: () => number };

export function createInFlight(): InFlight {
  let underWay = 0;
  return {
    enter(response) {
      underWay += 1;
      response.once("close", () => {
        underWay -= 1;
      });
    },
    count: () => underWay,
  };
}
