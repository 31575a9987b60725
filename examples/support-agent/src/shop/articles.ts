export type Article = { readonly title: string; readonly answer: string };

const ARTICLES: readonly (Article & { readonly words: RegExp })[] = [
  {
    title: "Returns",
    words: /\breturn\w*|\bexchange\w*|\bsend\b.*\bback\b/i,
    answer: "You can return or exchange anything unused within 30 days; the label is on your order page.",
  },
  {
    title: "Warranty",
    words: /\bwarrant\w*|\brepair\w*|\bbroke\w*/i,
    answer: "Our gear has a warranty of three years; repairs are free in that time.",
  },
  {
    title: "Invoices",
    words: /\binvoice\w*|\breceipt\w*|\btax\b/i,
    answer: "The invoice of every order is on its order page, as a PDF.",
  },
  {
    title: "Shipping",
    words: /\bshipping\b|\bdelivery\b|\bpostage\b/i,
    answer: "Shipping is free from 60 euros; below that it costs 4.90 euros.",
  },
  {
    title: "Gift cards",
    words: /\bgift\b|\bvoucher\w*/i,
    answer: "A gift card is valid for four years and pays for anything in the shop.",
  },
];

/** The first article that fits the words of the query. */
export function searchArticles(query: string): Article | null {
  const found = ARTICLES.find((article) => article.words.test(query));
  return found ? { title: found.title, answer: found.answer } : null;
}
