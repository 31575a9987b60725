/** `*` stands for any characters, `?` for one; letters' case counts. No glob makes it slow: at most the product of the lengths. */
export function matchesGlob(glob: string, text: string): boolean {
  let at = 0;
  let index = 0;
  // The last star, and how much of the text it stands for so far.
  let star = -1;
  let starEnd = 0;
  while (at < text.length) {
    if (glob[index] === "*") {
      star = index;
      starEnd = at;
      index += 1;
    } else if (index < glob.length && (glob[index] === "?" || glob[index] === text[at])) {
      index += 1;
      at += 1;
    } else if (star >= 0) {
      starEnd += 1;
      at = starEnd;
      index = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(glob.slice(index));
}
