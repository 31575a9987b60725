/** `[a, a, b, a]` → a ×2, b, a: a loop stays visible and does not fill the page. */
export function collapseRepeats(
  tools: readonly string[],
): readonly { readonly tool: string; readonly times: number }[] {
  const collapsed: { tool: string; times: number }[] = [];
  for (const tool of tools) {
    const last = collapsed.at(-1);
    if (last?.tool === tool) last.times += 1;
    else collapsed.push({ tool, times: 1 });
  }
  return collapsed;
}
