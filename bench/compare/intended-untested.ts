/** Intended differences that no single call shows: the other rows of docs/design/differences.md. */
import type { IntendedDifference } from './intended.ts'

export const intendedUntested: IntendedDifference[] = [
  {
    what: 'text with NUL or lone surrogates',
    why: 'consumers with Postgres cannot store it; UTF-8 would change it',
  },
  {
    what: "importRepo of a repo that is not the account's own",
    why: 'consumers could not verify it',
  },
  {
    what: 'importRepo of a record that no client can name',
    why: 'it could be neither read nor deleted',
  },
  {
    what: 'importRepo of a CAR with several roots',
    why: 'the repository specification allows them',
  },
  { what: 'size of a repo that is imported', why: 'memory and disk are bounded' },
  {
    what: 'imported values that the data model does not have',
    why: 'one record must not make a list fail',
  },
  {
    what: 'blobs in imported records with CIDs that no upload has',
    why: 'they could never be uploaded',
  },
  { what: 'applyWrites that updates a profile with old pictures', why: 'it is the same update' },
  { what: 'many exports of one repo at once', why: 'memory is bounded' },
  { what: 'an export of a repo that changes a lot meanwhile', why: 'memory is bounded' },
  { what: 'listRecords of large records', why: 'memory is bounded' },
  { what: 'getBlocks of more than 8 MiB of records', why: 'memory is bounded' },
  { what: 'order of blocks in getRepo', why: 'readers can verify it while streaming' },
  { what: 'an imported repo on the firehose', why: 'relays stay up to date' },
  { what: '`seq`', why: 'relays ignore a server whose seq decreases, for example after a restore' },
  { what: 'old events', why: 'the log does not outgrow the disk' },
  { what: 'a second app password with the same name', why: 'see the first row' },
  { what: 'failing mail server', why: 'another service is at fault' },
  { what: 'getAccountInfos', why: 'each account may have to be woken' },
  {
    what: 'rate limit of createSession',
    why: '`Alice` and `alice` are one account, with 30 attempts',
  },
  { what: 'failed sign-ins', why: 'a caller who tries many names' },
  { what: 'rate limits by address', why: 'a customer has 2⁶⁴ addresses' },
  {
    what: 'rate limits with several processes',
    why: 'the limiter is an actor; `PDS_REDIS_SCRATCH_*` have no effect',
  },
  {
    what: 'a new password',
    why: 'a thief is signed out',
  },
  {
    what: 'OAuth: size of a pushed request, and of a `jti`',
    why: 'bounded storage',
  },
  {
    what: 'mails with a code',
    why: 'others can ask for them, too',
  },
  {
    what: 'more than 500 app passwords',
    why: 'bounded storage',
  },
  {
    what: 'over 500 grants, 500 authorized apps or 30,000 sessions of an account',
    why: 'bounded storage',
  },
  { what: 'OAuth: missing scope', why: 'RFC 6750; clients can ask for it' },
  { what: 'OAuth: concurrent refreshes of one token', why: 'the client is at fault' },
  {
    what: 'OAuth: reuse of a code ends its session',
    why: 'after that the code is useless anyway',
  },
  {
    what: 'OAuth: signing in, signing up, resetting a password',
    why: 'same protection against guessing',
  },
  { what: 'OAuth: unused devices', why: 'bounded storage' },
  { what: 'OAuth: nonces of DPoP proofs', why: "gateways accept each other's nonces" },
  {
    what: "OAuth: a request in the page's URL",
    why: 'it must be pushed, as the metadata says',
  },
  {
    what: "OAuth: a DPoP proof by the client's own key",
    why: 'required by the specification; the library intends to',
  },
  {
    what: 'rate limits of 1,000 points and more',
    why: '[0017](../decisions/0017-rate-limit-points-are-leased.md)',
  },
  { what: 'rate limits: calls with the wrong HTTP method', why: 'they cost nothing' },
  { what: 'trusted proxies', why: 'public load balancers' },
  { what: 'requestCrawl of crawlers', why: 'the last write of a burst is crawled too' },
  { what: 'announcing an account to relays again', why: 'operators need it' },
  {
    what: 'what relays know of the server and its accounts',
    why: 'past 100 accounts a relay throttles the others',
  },
  {
    what: 'createAccount without an invite code, on a public server',
    why: "[a flood](../operate/relays.md#brakes) uses up a relay's limit",
  },
  { what: 'the address block of a new account', why: 'to find the accounts of a flood' },
  { what: 'many accounts of another server', why: '[moves](moves.md#invitations)' },
  { what: 'a new host name', why: '[identity](identity.md#a-new-host-name)' },
  { what: 'deleting many accounts', why: 'paced, so that relays follow' },
  {
    what: 'suspending an account',
    why: 'a temporary takedown keeps the sessions',
  },
  {
    what: 'service tokens for this server that an app password or an app gets',
    why: '[group accounts](grants.md#who-acts-and-how)',
  },
  {
    what: 'OAuth: the list of accounts, and a request for a group',
    why: '[group accounts](grants.md#signing-in-to-an-app)',
  },
  { what: 'accounts of several people', why: '[group accounts](grants.md)' },
  {
    what: 'accounts of several people, as Tranquil has them',
    why: '[group accounts](grants.md#the-methods-of-tranquil-pds)',
  },
  {
    what: 'sign-in of members at their own server',
    why: '[group accounts](grants.md#members-of-other-servers)',
  },
  { what: 'second factors', why: '[second factors](second-factors.md)' },
  {
    what: '`/xrpc/_health?storage`, `/xrpc/_stats`, `/xrpc/_admin/status`, `/metrics`',
    why: 'operators and Tempest',
  },
  { what: 'unreferenced temporary blobs', why: 'disks fill up' },
  {
    what: 're-upload of the same bytes with another type',
    why: 'records must state the stored type',
  },
  {
    what: 'a taken-down blob that is no longer referenced',
    why: 'a deletion must not undo a takedown',
  },
  { what: 'the bytes of a referenced blob are lost', why: 'disks fail' },
  {
    what: 'the blob of a deleted record',
    why: 'a restore brings pictures back; `PDS_HISTORY_DAYS=0` deletes it at once',
  },
  { what: 'blobs per account', why: 'off by default' },
  { what: '`deleteAfter` of a deactivation', why: 'the lexicon promises it' },
  { what: 'a reader that takes nothing', why: '[bounds](../operate/bounds.md)' },
  {
    what: 'connections, responses and subscribers of an address',
    why: '[bounds](../operate/bounds.md)',
  },
  { what: 'a slow firehose subscriber', why: 'a slow relay is not a dead one' },
  {
    what: 'failed admin passwords and service tokens',
    why: 'against guessing; each token has its issuer resolved',
  },
  { what: 'a short `PDS_ADMIN_PASSWORD`', why: 'it protects the admin methods' },
  { what: 'OAuth: the scope of a blob', why: 'the declared type may be wrong' },
  { what: 'OAuth: an empty applyWrites', why: 'it is a commit and an event' },
  { what: 'OAuth: client metadata and key sets', why: 'the main thread validates them' },
  { what: 'OAuth: permission sets of a request', why: 'each is looked up' },
  { what: 'OAuth: the description of an error', why: 'bounded responses' },
  { what: 'OAuth: a repeated consent', why: 'a double click does not end a sign-in' },
  { what: 'chat methods that are newer than the server', why: 'no list to keep up to date' },
  {
    what: 'own records in views that their lexicon refuses',
    why: 'apps reject the whole response',
  },
  { what: 'JSON in UTF-16 or UTF-32', why: 'RFC 8259' },
  {
    what: "resolveDid of the server's own did:web",
    why: 'a server may not be able to reach itself',
  },
  {
    what: 'record writes of an account whose DID points to another server',
    why: 'relays ignore them',
  },
  { what: 'entryway mode', why: 'accounts sign up at their own server' },
  { what: 'the mail of requestPasswordReset', why: 'answers take the same time for every address' },
  { what: 'the language of mails', why: 'it makes no difference to readers' },
  { what: 'events of a new account', why: 'waiting would double the time of createAccount' },
  { what: 'a nearly full disk', why: 'a full disk stops everything' },
  { what: 'keys that are not those of the data', why: '[keys](../operate/keys.md)' },
  {
    what: "pages opened at another address than the server's own",
    why: '[domains](../operate/domains.md#dns-and-tls)',
  },
  { what: 'handle domains', why: 'communities come and go' },
  { what: '`_admin/checks`, `_admin/test-mail`', why: 'operators need them' },
  { what: '`/` and unknown paths, for browsers', why: 'it is the address that people type' },
  {
    what: 'the account pages at `/account`',
    why: 'one session, with what the library lacks',
  },
  { what: 'Jetstream', why: 'apps need no relay and no service beside the server' },
  { what: 'platforms with accounts of their own', why: '[tenants](tenants.md)' },
  { what: 'what a repo was', why: '[history](history.md)' },
  { what: 'one account in a backup', why: 'restored while the others go on' },
  { what: '`dev.headwater.webhook.*`', why: 'platforms need not follow the firehose' },
  { what: 'reports about accounts here', why: '[cases](moderation.md#cases)' },
  { what: '`dev.headwater.realtime.*`, `/lexicons/<nsid>.json`', why: 'apps need not poll' },
]
