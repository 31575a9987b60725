import { beginUpload, finishUpload, type Content, type UploadDeps } from "./upload-session.ts";
import { uploadInChunks } from "./upload-in-chunks.ts";

/** Sends a blob that the registry does not have: small ones whole, larger ones in chunks that can be resumed. */
export async function uploadBlob(deps: UploadDeps, content: Content): Promise<void> {
  if (content.bytes.length > deps.chunkBytes) return uploadInChunks(deps, content);
  await deps.client.persist(async (attempt) => {
    // The answer may have been lost, and not the bytes.
    if (attempt > 0 && (await deps.hasBlob(content.digest))) return { kind: "done", value: null };
    const begun = await beginUpload(deps);
    return begun.kind === "failed" ? begun : finishUpload(deps, begun.value.location, content);
  });
}
