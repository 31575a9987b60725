export type SecretShape = { readonly name: string; readonly pattern: RegExp };

// What documentation writes where a real one has its password.
const PLACEHOLDER =
  "(?:[$<{%*&]|\\[|\\.{3}|(?:pass(?:word|wd|phrase)?|pwd|secret|token|changeme|change-me|example|redacted|xxx+|your[-_ ]?\\w*)(?:[@;\"'\\s]|$))";

/**
 * The shapes of keys and tokens, as their makers publish them and secret scanners know them. Each is bounded by what
 * cannot belong to it and wants the length that real ones have, so that words, hashes and examples are left alone.
 * None can take long: no part of a pattern repeats what another repetition around it can match as well.
 */
export const SECRET_SHAPES: readonly SecretShape[] = [
  // Anthropic, OpenAI (projects, service accounts, admins), OpenRouter, Langfuse.
  shape("an API key", /sk-(?:ant|proj|svcacct|admin|or|lf)-[A-Za-z0-9_-]{16,}/),
  // Older OpenAI keys, DeepSeek and others: one long word, or a shorter one in which digits are mixed in.
  shape("an API key", /sk-[A-Za-z0-9]{20,}(?![A-Za-z0-9_-])/),
  shape("an API key", /sk-(?=[A-Za-z]*\d[A-Za-z]*\d[A-Za-z]*\d)[A-Za-z0-9]{12,}(?![A-Za-z0-9_-])/),
  shape(
    "an AI provider's key",
    /(?:gsk_[A-Za-z0-9]{40,}|xai-[A-Za-z0-9]{60,}|pplx-[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{37})/,
  ),
  shape("a LangSmith key", /lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}/),
  shape("a Hugging Face token", /hf_[A-Za-z0-9]{30,}/),
  shape("an AWS access key", /(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])/),
  shape(
    "an AWS secret key",
    /aws_?secret_?(?:access_?)?key["']?\s{0,4}[=:]\s{0,4}["']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])/i,
  ),
  shape("a Google API key", /AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/),
  shape("a Google secret", /(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{30,})/),
  shape("an Azure key", /(?:AccountKey|SharedAccessKey|SharedAccessSignature)=[A-Za-z0-9+/%]{40,}/),
  shape("an Azure client secret", /[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/),
  shape("a GitHub token", /(?:gh[opsru]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9]{20,}_[A-Za-z0-9]{40,})/),
  shape("a GitLab token", /gl(?:pat|dt|rt|cbt|ptt|oas|soat|ft|agent|imt|ffct)-[A-Za-z0-9_-]{20,}/),
  shape("a Slack token", /(?:xox[abeoprs]-(?=[A-Za-z0-9-]*\d)[A-Za-z0-9-]{16,}|xapp-\d-[A-Z0-9]+-\d+-[a-f0-9]{32,})/),
  shape("a Slack webhook", /hooks\.slack\.com\/services\/T[A-Z0-9]{6,}\/B[A-Z0-9]{6,}\/[A-Za-z0-9]{20,}/),
  shape("a Stripe key", /(?:[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/]{24,})/),
  shape("a Twilio key", /SK[0-9a-f]{32}(?![0-9A-Za-z])/),
  shape("a SendGrid key", /SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}/),
  shape(
    "an npm token",
    /(?:npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])|:_(?:authToken|auth|password)\s{0,4}=\s{0,4}(?!["']?\$)[^\s$]{8,})/,
    "",
  ),
  shape("a PyPI token", /pypi-AgE[A-Za-z0-9_-]{50,}/),
  shape(
    "a Databricks, DigitalOcean, Shopify or Vault token",
    /(?:dapi[0-9a-f]{32}|do[opr]_v1_[0-9a-f]{64}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|hv[bsr]\.[A-Za-z0-9_-]{24,})/,
  ),
  shape("a Telegram bot token", /\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/),
  shape("a JSON web token", /eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/),
  shape("an age key", /AGE-SECRET-KEY-1[0-9A-Z]{50,}/),
  // With some of the key itself behind the header, which alone is in every program that reads keys.
  shape(
    "a private key",
    /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nrt]|["'`+,>|]){0,40}(?:[A-Za-z-]{1,20}: [^\n\\]{0,80}(?:\s|\\n){1,8}){0,4}[A-Za-z0-9+/]{16}/,
    "",
  ),
  shape(
    "a password in a URL",
    new RegExp(
      `[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\\s/:@"'<>{}$]{0,100}:(?!${PLACEHOLDER})[^\\s/@"'<>{}$:]{3,100}@(?!example\\.(?:com|org|net)\\b)[A-Za-z0-9[]`,
      "i",
    ),
  ),
  shape(
    "a password in a connection string",
    new RegExp(
      `(?:Server|Data Source|Host|User ID|Uid|Username)=[^;\\n]{1,100};(?:[^;\\n]{1,100};){0,8}\\s?(?:Password|Pwd)=(?!${PLACEHOLDER})[^;\\s"']{4,}`,
      "i",
    ),
  ),
];

// A longer word in front makes it something else, except where the shape says for itself where it begins.
function shape(name: string, pattern: RegExp, before = "(?<![A-Za-z0-9])"): SecretShape {
  return { name, pattern: new RegExp(`${before}(?:${pattern.source})`, pattern.flags) };
}
