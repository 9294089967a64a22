// One file on its way by tus.

import { DetailedError, Upload } from "tus-js-client";
import { csrfHeaders } from "../api";

/** Small enough that a dropped line loses little, large enough that answers do not slow a fast one. */
const CHUNK_BYTES = 8 * 1024 * 1024;
const SILENT_MS = 45_000;
const ANSWER_MS = 600_000; // the server hashes a whole video before it answers its last piece

export interface Sending {
  file: File;
  id: string;
  url: string | null;
  onUrl: (url: string) => void;
  onBytes: (sent: number) => void;
}

/** Why a transfer ended without success; `status` 0: no answer. */
export class TransferError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

export class Transfer {
  readonly done: Promise<void>;
  private readonly upload: Upload;
  private fail: (why: Error) => void = () => undefined;
  private heard_ms = Date.now();
  private allSent = false;

  constructor(private readonly what: Sending) {
    let succeed: () => void = () => undefined;
    this.done = new Promise((resolve, reject) => {
      succeed = resolve;
      this.fail = reject;
    });
    this.upload = this.make(succeed);
    this.upload.start();
  }

  private make(succeed: () => void): Upload {
    const { file, id, url } = this.what;
    return new Upload(file, {
      endpoint: "/api/uploads",
      uploadUrl: url,
      chunkSize: CHUNK_BYTES,
      retryDelays: null,
      storeFingerprintForResuming: false,
      metadata: { file: id, filename: file.name, filetype: file.type || "application/octet-stream" },
      onBeforeRequest: (request) => {
        for (const [name, value] of Object.entries(csrfHeaders())) request.setHeader(name, value);
      },
      onUploadUrlAvailable: () => { if (this.upload.url) this.what.onUrl(this.upload.url); },
      onProgress: (sent, total) => this.heard(sent, total),
      onSuccess: succeed,
      onError: (why) => this.fail(transferError(why)),
    });
  }

  private heard(sent: number, total: number): void {
    this.heard_ms = Date.now();
    this.allSent = sent >= total;
    this.what.onBytes(sent);
  }

  /** Whether nothing was heard for so long that the line must be dead. */
  get isSilent(): boolean {
    return Date.now() - this.heard_ms > (this.allSent ? ANSWER_MS : SILENT_MS);
  }

  /** Stop here; what has arrived stays on the server. `done` rejects with an AbortError, or with `why`. */
  stop(why: Error = new DOMException("stopped", "AbortError")): void {
    void this.upload.abort().catch(() => undefined);
    this.fail(why);
  }
}

function transferError(why: Error | DetailedError): TransferError {
  const response = why instanceof DetailedError ? why.originalResponse : null;
  if (!response && !(why instanceof DetailedError)) return new TransferError(-1, "unreadable", why.message);
  const status = response?.getStatus() ?? 0;
  try {
    const body = JSON.parse(response?.getBody() ?? "") as { code?: string; message?: string };
    return new TransferError(status, body.code ?? "", body.message ?? why.message);
  } catch {
    return new TransferError(status, "", why.message);
  }
}
