/** Records that tests write. */
export const thing = 'com.example.thing'
export const createdAt = '2026-11-20T12:00:00.000Z'
/** A CID that no repo has. */
export const unknownCid = 'bafyreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi'

export function post(text: string): { $type: string; text: string; createdAt: string } {
  return { $type: 'app.bsky.feed.post', text, createdAt }
}

type Action = 'create' | 'update' | 'delete'

/** One write of applyWrites. */
export function write<A extends Action>(
  action: A,
  rkey: string | undefined,
  value?: Record<string, unknown>,
  collection = thing,
) {
  const $type = `com.atproto.repo.applyWrites#${action}`
  return { $type, collection, ...(rkey && { rkey }), ...(value && { value }) }
}
