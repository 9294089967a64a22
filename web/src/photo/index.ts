// What the run page uses of the photo viewer, the evidence and the officer's work.
export { reviewActions } from "./actions";
export { EvidencePanel } from "./EvidencePanel";
export { PhotoViewer } from "./PhotoViewer";
