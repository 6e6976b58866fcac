/** The texts of alerts and checks in English, whose keys all locales have. */
export const en = {
  'what.HeadwaterEngineDown': 'Engine',
  'what.HeadwaterEngineRestarts': 'Engine restarts',
  'what.HeadwaterStorageDown': 'Storage',
  'what.HeadwaterStoreLostItsEnd': 'Data lost before the last start',
  'what.HeadwaterDiskLow': 'Free disk space',
  'what.HeadwaterDiskFullInADay': 'Disk full within a day',
  'what.HeadwaterDiskFullInAMonth': 'Disk full within a month',
  'what.HeadwaterLongLog': 'Log to read at the next start',
  'what.HeadwaterSyncsSlow': 'Disk sync time',
  'what.HeadwaterBackupOld': 'Last complete backup',
  'what.HeadwaterBackupFailed': 'Last attempt to back up',
  'what.HeadwaterBackupDrillFailed': 'Last restore drill',
  'what.HeadwaterArchivesFail': 'Accounts that could not be archived',
  'what.HeadwaterArchiveDrillsFail': 'Archives that could not be restored',
  'what.HeadwaterArchivesLate': 'Archiving all accounts',
  'what.HeadwaterErrors': 'Server errors',
  'what.HeadwaterErrorsOfOtherServices': 'Errors of other services',
  'what.HeadwaterPageErrors': 'Errors of pages and sign-in',
  'what.HeadwaterOverloaded': 'Event loop delay',
  'what.HeadwaterTooManyAwake': 'Accounts awake',
  'what.HeadwaterAccountsPutToSleep': 'Accounts put to sleep to make room',
  'what.HeadwaterRateLimited': 'Rate-limited calls',
  'what.HeadwaterUnhandledRejections': 'Unhandled errors',
  'what.HeadwaterEventsNotSequenced': 'Events not yet on the firehose',
  'what.HeadwaterUndeliveredEvents': 'Accounts with undelivered events',
  'what.HeadwaterFirehoseLag': 'Firehose lag of this gateway',
  'what.HeadwaterSubscriberLag': 'Lag of subscribers',
  'what.HeadwaterEventsNotTrimmed': 'Oldest event in the log',
  'what.HeadwaterRelayThrottles': 'Accounts throttled by relays',
  'what.HeadwaterRelayLimitNear': 'Account limits of relays',
  'what.HeadwaterRelayStatus': 'Status at relays',
  'what.HeadwaterRelayLag': 'Lag of relays',
  'what.HeadwaterWebhooksWait': 'Webhook deliveries waiting',
  'what.HeadwaterWebhookDisabled': 'Disabled webhooks',
  'advice.HeadwaterEngineDown':
    'It is restarted automatically within seconds. If that does not help, check engine/engine.log in the data folder, memory and disk space.',
  'advice.HeadwaterEngineRestarts':
    'Check the end of engine/engine.log in the data folder, memory (dmesg names processes killed for lack of it) and disk space.',
  'advice.HeadwaterStorageDown':
    'writable: the disk is full, read-only or failing. blobs: check the folder or the bucket. accountDb, sequencerDb: check the engine.',
  'advice.HeadwaterStoreLostItsEnd':
    'Caused by a power failure with PDS_DURABILITY=process, a disk that acknowledges writes too early, or a restored backup. Accounts announce their state to relays again.',
  'advice.HeadwaterDiskLow': 'Free up space or enlarge the volume. No restart is needed.',
  'advice.HeadwaterDiskFullInADay':
    'Free up space or enlarge the volume. Old backups on the same disk keep tables that the engine has deleted.',
  'advice.HeadwaterDiskFullInAMonth':
    'Enlarge the volume in time. The charts below show whether accounts or events grow.',
  'advice.HeadwaterLongLog':
    'The next start takes one second longer for every 25 MB. Restart the server at a quiet time.',
  'advice.HeadwaterSyncsSlow':
    'Something else keeps the disk busy, the disk is failing (see dmesg), or the network volume is too slow.',
  'advice.HeadwaterBackupOld':
    'headwater backup was not run, or not to its end. Check the timer or the cron job.',
  'advice.HeadwaterBackupFailed': 'Make room, or correct the command, and run it again.',
  'advice.HeadwaterBackupDrillFailed':
    'The backup cannot be restored as it is: make a new one, and run headwater backup drill.',
  'advice.HeadwaterArchivesFail':
    'headwater archive list --failed has the reasons. They are tried again in the next round.',
  'advice.HeadwaterArchiveDrillsFail':
    'headwater archive list --failed has the reasons. Make a new archive with headwater archive create, then headwater archive drill.',
  'advice.HeadwaterArchivesLate':
    'No gateway archives accounts, or a round takes longer than PDS_ARCHIVE_INTERVAL_HOURS. See the log.',
  'advice.HeadwaterErrors':
    'The log has a line for each, with x-request-id. 503 is the server refusing work; 507 is the disk.',
  'advice.HeadwaterErrorsOfOtherServices':
    'The AppView, a moderation service or the PLC directory fails; the log names it.',
  'advice.HeadwaterPageErrors': 'The log has a line for each, with x-request-id.',
  'advice.HeadwaterOverloaded':
    'Turn on PDS_RATE_LIMITS_ENABLED. More processors help only with several processes.',
  'advice.HeadwaterTooManyAwake':
    'Raise PDS_MAX_AWAKE_ACCOUNTS if there is 1 MB of memory for each additional account. If memory is short, lower it.',
  'advice.HeadwaterAccountsPutToSleep':
    'More accounts are in use than PDS_MAX_AWAKE_ACCOUNTS. Raise it if there is memory.',
  'advice.HeadwaterRateLimited':
    'To exempt a client, set PDS_RATE_LIMIT_BYPASS_IPS. If all clients have the same address, set PDS_TRUSTED_PROXIES.',
  'advice.HeadwaterUnhandledRejections':
    'This is a bug. Report the stack trace from the log. The server keeps running.',
  'advice.HeadwaterEventsNotSequenced':
    'Records are stored but do not reach relays: the engine or the sequencer does not answer. See the log.',
  'advice.HeadwaterUndeliveredEvents':
    'Usually the engine or the sequencer does not answer. Events are delivered later, in order.',
  'advice.HeadwaterFirehoseLag': 'Restart this gateway.',
  'advice.HeadwaterSubscriberLag':
    'A subscriber that falls too far behind is disconnected, and reconnects with its cursor.',
  'advice.HeadwaterEventsNotTrimmed':
    'Expected if nothing is written, or if PDS_REPO_BACKFILL_LIMIT_MS is longer than a day. Otherwise this is a bug.',
  'advice.HeadwaterRelayThrottles':
    'A relay limits the number of accounts of a server. Send its operator the prepared request.',
  'advice.HeadwaterRelayLimitNear':
    'Ask for a higher limit before it is reached; the request is prepared.',
  'advice.HeadwaterRelayStatus':
    'If this server is offline there, check DNS, TLS and the firewall. If it is banned, ask the operator of the relay. If it is unknown, request a crawl.',
  'advice.HeadwaterRelayLag':
    'The relay limits the events of this server, or is not connected. Request a crawl.',
  'advice.HeadwaterWebhooksWait':
    'An endpoint does not answer, or not with 2xx. Deliveries are retried for three days.',
  'advice.HeadwaterWebhookDisabled':
    'The endpoint answered 410, or only failures for five days. Fix it, then enable it: deliveries continue from where they stopped.',
  noData: 'no data yet',
  ok: 'OK',
  failed: 'failed',
  none: 'none',
  no: 'no',
  noAnswer: 'does not answer',
  sinceStart: '{n} since the start',
  unusable: 'unusable: {parts}',
  lastOnes: 'the last {time}',
  sizeFree: '{size} free',
  fullAtThisRate: 'yes, at the rate of the last hour',
  old: '{age} old',
  noArchives: 'no archives',
  late: '{time} late',
  inTime: 'in time',
  noneFailed: 'none failed',
  failPerSecond: '{n} a second fail',
  perSecond: '{n} a second',
  ofTotal: '{n} of {total}',
  noneLastHour: 'none in the last hour',
  noCalls: 'no calls',
  nWaiting: '{n} waiting',
  atMost: 'at most {n}',
  noSubscribers: 'no subscribers',
  slowestOf: '{time} for the slowest of {n}',
  closeTo: 'close to {limit} at {relay}',
  statusAt: '{status} at {relay}',
  noRelays: 'no relays configured',
  'check.storage': 'storage',
  'check.disk': 'disk',
  'check.mail': 'mail',
  'check.plc': 'PLC directory',
  'check.keys': 'keys',
  'check.relays': 'relays',
  'check.relay': 'relay {relay}',
  seeLog: 'see the log of the server',
  allUsable: 'all parts are usable',
  notUsable: 'not usable: {parts}',
  isEngineUp: 'does the engine run (RIVET_ENDPOINT, if it is elsewhere)? see the log of the server',
  spaceUnknown: 'free space is not known',
  spaceFree: '{size} free on the volume of the data folder',
  makeRoom: 'make room, or move to a larger volume',
  mailsWritten: 'mails are written to {folder} and not sent',
  setMail: 'set PDS_EMAIL_SMTP_URL and PDS_EMAIL_FROM_ADDRESS',
  mailAccepted: 'the mail server accepts the login; headwater mail test sends a mail',
  mailRefused: 'the mail server refuses: {reason}',
  correctMail: 'correct PDS_EMAIL_SMTP_URL',
  plcAnswers: 'it answers',
  checkPlcCalls: 'check DNS and firewall for calls from this machine, and PDS_DID_PLC_URL',
  ownKeys: 'they are those that the data was written with; there is no did:plc account to compare',
  rotationKeyMissing: 'the PLC directory does not list the rotation key of this server for {did}',
  setRotationKey: 'set the former PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
  signingKeyMissing: 'the DID document of {did} does not have the signing key of the account',
  keysAgree:
    'they are those that the data was written with, and the PLC directory agrees for {did}',
  noRelayAsked: 'no relay is asked to crawl this server',
  setCrawlers: 'set PDS_CRAWLERS, for example to https://bsky.network',
  checkRelayCalls: 'check DNS and firewall for calls from this machine, and PDS_CRAWLERS',
  statusThere: 'this server is {status} there',
  knowsServer: 'it knows this server',
  behind: '{time} behind',
  throttledThere: 'Accounts throttled there: {n}. What they write is not passed on.',
  limitNear: 'Accounts: {n}. The relay may take no more than {limit}.',
  unreachable: 'cannot be reached: {reason}',
} as const

export type AlertTexts = Record<keyof typeof en, string>
