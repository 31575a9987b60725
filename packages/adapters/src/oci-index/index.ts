export { EMPTY_INDEX, indexBytes, OCI_INDEX_TYPE, parseIndexDocument, type IndexDocument } from "./index-document.ts";
export { indexedRepository, releaseEntries, type IndexedStore } from "./indexed-repository.ts";
