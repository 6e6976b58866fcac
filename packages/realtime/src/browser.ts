/** What a browser has beyond Node, as far as it is there. */

/** The part of Web Locks that is used. */
export interface Locks {
  request(
    name: string,
    options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => Promise<void>,
  ): Promise<unknown>
}

interface PageTarget {
  addEventListener(type: string, listener: (event: { persisted?: boolean }) => void): void
  removeEventListener(type: string, listener: (event: { persisted?: boolean }) => void): void
}

const scope = globalThis as unknown as {
  navigator?: { locks?: Locks }
  document?: { visibilityState?: string }
} & Partial<PageTarget>

/** Undefined if pages cannot agree on who holds the connection: outside of browsers, and without Web Locks. */
export function findLocks(): Locks | undefined {
  const canTalk = typeof BroadcastChannel !== 'undefined'
  return scope.document !== undefined && canTalk ? scope.navigator?.locks : undefined
}

/** Reaches the same channel of every other page of the browser profile, and of this one. */
export interface PageChannel {
  postMessage(message: unknown): void
  close(): void
}

export function openPageChannel(name: string, onMessage: (data: unknown) => void): PageChannel {
  const channel = new BroadcastChannel(name)
  channel.onmessage = (event: { data: unknown }) => onMessage(event.data)
  return channel
}

/** A hidden page is slowed down by the browser, and cannot say how long another one was silent. */
export function isHidden(): boolean {
  return scope.document?.visibilityState === 'hidden'
}

/** Calls `onHide` when the page is left, and `onShow` if it comes back from the browser's cache. */
export function followPage(onHide: () => void, onShow: () => void): () => void {
  const show = ({ persisted }: { persisted?: boolean }) => {
    if (persisted === true) onShow()
  }
  scope.addEventListener?.('pagehide', onHide)
  scope.addEventListener?.('pageshow', show)
  return () => {
    scope.removeEventListener?.('pagehide', onHide)
    scope.removeEventListener?.('pageshow', show)
  }
}
