/** Intended differences that no single call shows: the other rows of docs/design/differences.md. */
import type { IntendedDifference } from './intended.ts'

export const intendedUntested: IntendedDifference[] = [
  {
    what: 'text with NUL or half characters',
    why: 'readers with Postgres cannot store it; UTF-8 would change it',
  },
  { what: "importRepo of what is not the account's own", why: 'nobody could verify it' },
  { what: 'order of blocks in getRepo', why: 'readers can check it as it comes' },
  { what: "a CAR's rev and the firehose", why: 'relays stay right' },
  { what: '`seq`', why: 'relays ignore a server whose seq falls, for example after a restore' },
  { what: 'old events', why: 'the log does not outgrow the disk' },
  { what: 'a second app password of one name', why: 'see the first row' },
  { what: 'a mail server that fails', why: "it is somebody else's fault" },
  { what: 'getAccountInfos', why: 'each account may have to be woken' },
  { what: "createSession's limit", why: '`Alice` and `alice` are one account, with 30 attempts' },
  { what: 'limits by address', why: 'a customer has 2⁶⁴ addresses' },
  {
    what: 'limits over several processes',
    why: 'the limiter is an actor; `PDS_REDIS_SCRATCH_*` have no effect',
  },
  { what: 'OAuth: a scope that is missing', why: 'RFC 6750; clients can ask for it' },
  { what: 'OAuth: two refreshes of one token at once', why: "it is the client's fault" },
  {
    what: 'OAuth: a code that is shown again ends its session',
    why: 'after that it opens nothing either way',
  },
  {
    what: 'OAuth: signing in, signing up, resetting a password',
    why: 'guessing is no easier there',
  },
  { what: 'OAuth: browsers that nobody uses', why: 'rows do not pile up' },
  { what: 'OAuth: nonces of DPoP proofs', why: "gateways believe each other's" },
  {
    what: 'OAuth: a request in the address of the page',
    why: 'it must be pushed, as the metadata says',
  },
  {
    what: 'OAuth: a proof by the key that the app proves itself with',
    why: 'the specification; the library means to',
  },
  {
    what: 'wide limits (1,000 points and more)',
    why: '[0017](../decisions/0017-points-are-leased.md)',
  },
  { what: 'a call with the wrong verb', why: 'nothing was done for it' },
  { what: 'proxies believed', why: 'public load balancers' },
  { what: 'requestCrawl of crawlers', why: 'the last post of the evening is found' },
  { what: 'telling relays of an account again', why: 'operators ask for it' },
  {
    what: 'suspending an account',
    why: 'a takedown that is meant to end keeps the sessions',
  },
  { what: 'second factors', why: '[second factors](second-factors.md)' },
  {
    what: '`/xrpc/_health?storage`, `/xrpc/_stats`, `/xrpc/_admin/status`, `/metrics`',
    why: 'operators and Tempest',
  },
  { what: 'a temporary blob that nobody uses', why: 'disks fill up' },
  {
    what: 're-upload of the same bytes as another type',
    why: 'records must say the one that is kept',
  },
  {
    what: 'a blob that was taken down and then let go of',
    why: 'a deletion must not undo a takedown',
  },
  { what: 'the bytes of a named blob are lost', why: 'disks fail' },
  { what: 'blobs per account', why: 'off unless set' },
  { what: '`deleteAfter` of a deactivation', why: 'it was promised' },
]
