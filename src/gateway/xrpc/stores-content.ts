/** The methods that store what users send: they are refused while the disk is nearly full. */

const methods = new Set([
  'com.atproto.repo.createRecord',
  'com.atproto.repo.putRecord',
  'com.atproto.repo.applyWrites',
  'com.atproto.repo.importRepo',
  'com.atproto.repo.uploadBlob',
  'com.atproto.server.createAccount',
  'app.bsky.actor.putPreferences',
  'dev.headwater.group.create',
  'dev.headwater.history.restoreRecords',
  'dev.headwater.history.restoreRepo',
])

export function storesContent(nsid: string): boolean {
  return methods.has(nsid)
}
