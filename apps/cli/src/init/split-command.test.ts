import { expect, test } from "vitest";
import { splitCommand } from "./split-command.ts";

test.each([
  ["node server.mjs", ["node", "server.mjs"]],
  ["  npx\t-y  pkg ", ["npx", "-y", "pkg"]],
  [`"/a b/x" 'it''s' "say \\"hi\\""`, ["/a b/x", "its", 'say "hi"']],
  ["a\\ b c\\\\d", ["a b", "c\\d"]],
  ['C:\\tools\\server.exe --x="1 2"', ["C:\\tools\\server.exe", "--x=1 2"]],
  ["x '' y", ["x", "", "y"]],
  ["x $(rm) ; y", ["x", "$(rm)", ";", "y"]],
])("%j has the words %j", (text, words) => {
  expect(splitCommand(text)).toEqual(words);
});

test.each(["", "   ", `node "server.mjs`, "it's"])("%j is refused", (text) => {
  expect(() => splitCommand(text)).toThrow(expect.objectContaining({ code: "input_invalid" }));
});
