import type { ReportView } from "@perch/api";
import { count, moment, shortDigest } from "./format.ts";
import { html, type Html } from "./html.ts";

const CALLS_SHOWN = 500;

/** What the canary's sessions did to the world. */
export function blastSection({ blastRadius }: ReportView): Html {
  const { tools, calls, isCut, unknownBecause } = blastRadius;
  if (unknownBecause !== "")
    return html`<h2>Blast radius</h2>
      <p class="warn">Not known: ${unknownBecause}.</p>`;
  if (tools.length === 0) {
    return html`<h2>Blast radius</h2>
      <p>The canary declares no tool that writes, so its sessions changed nothing that Perch knows of.</p>`;
  }
  const shown = calls.slice(0, CALLS_SHOWN);
  const left = isCut || calls.length > shown.length;
  return html`<h2>Blast radius</h2>
    <p>
      Every call of a tool with <code>effect: write</code> by a session that the canary answered, counted once however
      many instrumentations told of it.
    </p>
    <div class="wide">
      <table>
        <tr>
          <th>tool</th>
          <th class="number">calls</th>
          <th class="number">failed</th>
          <th class="number">sessions</th>
          <th>taken back by</th>
        </tr>
        ${tools.map(
          (one) =>
            html`<tr>
              <td>${one.tool}</td>
              <td class="number">${count(one.calls)}</td>
              <td class="number">${count(one.failed)}</td>
              <td class="number">${count(one.sessions)}</td>
              <td>
                ${one.cancel === null ? html`<span class="soft">nothing declared</span>` : html`<code>${one.cancel}</code>`}
              </td>
            </tr>`,
        )}
      </table>
    </div>
    ${shown.length === 0 ? html`<p>None was called.</p>` : callTable(shown)}
    ${left ? html`<p class="soft">There are more calls than stand here: <code>perch rollout report ID --json --calls 100000</code> lists them.</p>` : html``}`;
}

function callTable(calls: ReportView["blastRadius"]["calls"]): Html {
  return html`<h3>Calls</h3>
    <div class="wide">
      <table>
        <tr>
          <th>when</th>
          <th>session</th>
          <th>tool</th>
          <th>arguments</th>
          <th>idempotency key</th>
        </tr>
        ${calls.map(
          (call) =>
            html`<tr>
              <td>${moment(call.at)}</td>
              <td><code>${call.session}</code></td>
              <td>${call.tool}${call.isError ? html` <span class="bad">failed</span>` : html``}</td>
              <td>
                <code>${call.argumentShape ?? ""}</code>
                <code class="soft" title="${call.argumentsDigest ?? ""}"
                  >${call.argumentsDigest === null ? "not told" : shortDigest(call.argumentsDigest)}</code
                >
              </td>
              <td>
                ${call.idempotencyKey === null ? html`<span class="soft">none${call.callId === null ? "" : `; call ${call.callId}`}</span>` : html`<code>${call.idempotencyKey}</code>`}
              </td>
            </tr>`,
        )}
      </table>
    </div>`;
}
