/** All known environment variables, and the nearest known name to a misspelled one. */

export const ourNames = [
  'PDS_ROLE',
  'PDS_HOST',
  'PDS_DEV_PLC_PORT',
  'PDS_ENGINE_PORT',
  'PDS_ENGINE_DIRECTORY',
  'PDS_ENGINE_COMPACTION',
  'PDS_PEER_HOST',
  'PDS_PEER_PORT',
  'PDS_DURABILITY',
  'PDS_KEY_ENCRYPTION_KEY_HEX',
  'PDS_INTERNAL_TOKEN',
  'PDS_ACCEPT_CHANGED_KEYS',
  'PDS_OPERATOR_DIDS',
  'PDS_METRICS_OPEN',
  'PDS_METRICS_PORT',
  'PDS_TRUSTED_PROXIES',
  'PDS_ACTOR_SLEEP_TIMEOUT_MS',
  'PDS_MAX_AWAKE_ACCOUNTS',
  'PDS_BODY_TIMEOUT_MS',
  'PDS_STALL_TIMEOUT_MS',
  'PDS_MAX_SOCKETS_PER_ADDRESS',
  'PDS_MAX_RESPONSES_PER_ADDRESS',
  'PDS_MAX_SUBSCRIBERS_PER_ADDRESS',
  'PDS_MAX_SIGN_UPS_PER_BLOCK',
  'PDS_MAX_SIGN_UPS_PER_HOUR',
  'PDS_RELAY_CHECK_INTERVAL_MS',
  'PDS_BLOB_TEMP_MAX_AGE_MS',
  'PDS_BLOB_ACCOUNT_QUOTA',
  'PDS_HISTORY_DAYS',
  'PDS_HISTORY_MAX_BYTES',
  'PDS_ARCHIVE_LOCATION',
  'PDS_ARCHIVE_INTERVAL_HOURS',
  'PDS_ARCHIVE_DELETED_DAYS',
  'PDS_ARCHIVE_TRUSTED_KEYS',
  'PDS_ARCHIVE_S3_REGION',
  'PDS_ARCHIVE_S3_ENDPOINT',
  'PDS_ARCHIVE_S3_FORCE_PATH_STYLE',
  'PDS_ARCHIVE_S3_ACCESS_KEY_ID',
  'PDS_ARCHIVE_S3_SECRET_ACCESS_KEY',
  'PDS_BACKUP_KEY_HEX',
  'PDS_MIN_FREE_DISK_BYTES',
  'PDS_LOCAL_REPORTS_ENABLED',
  'PDS_SERVICE_DESCRIPTION',
  'RIVET_ENDPOINT',
  'RIVET_TOKEN',
  'RIVET_NAMESPACE',
  'RIVET_LOG_LEVEL',
]

/** Supported variables of the reference PDS (@atproto/pds 0.5, packages/pds/src/config/env.ts). */
export const referenceNames = [
  'PDS_PORT',
  'PDS_HOSTNAME',
  'PDS_SERVICE_DID',
  'PDS_SERVICE_HANDLE_DOMAINS',
  'PDS_VERSION',
  'PDS_PRIVACY_POLICY_URL',
  'PDS_TERMS_OF_SERVICE_URL',
  'PDS_CONTACT_EMAIL_ADDRESS',
  'PDS_BLOB_UPLOAD_LIMIT',
  'PDS_ACCEPTING_REPO_IMPORTS',
  'PDS_MAX_REPO_IMPORT_SIZE',
  'PDS_MAX_GROUPS_PER_ACCOUNT',
  'PDS_MAX_REPO_IMPORT_RECORDS',
  'PDS_BLOBSTORE_DISK_LOCATION',
  'PDS_BLOBSTORE_DISK_TMP_LOCATION',
  'PDS_BLOBSTORE_S3_BUCKET',
  'PDS_BLOBSTORE_S3_REGION',
  'PDS_BLOBSTORE_S3_ENDPOINT',
  'PDS_BLOBSTORE_S3_FORCE_PATH_STYLE',
  'PDS_BLOBSTORE_S3_ACCESS_KEY_ID',
  'PDS_BLOBSTORE_S3_SECRET_ACCESS_KEY',
  'PDS_BLOBSTORE_S3_UPLOAD_TIMEOUT_MS',
  'PDS_BLOBSTORE_S3_REQUEST_TIMEOUT_MS',
  'PDS_DEV_MODE',
  'PDS_DISABLE_SSRF_PROTECTION',
  'PDS_DATA_DIRECTORY',
  'PDS_JWT_SECRET',
  'PDS_ADMIN_PASSWORD',
  'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
  'PDS_DID_PLC_URL',
  'PDS_RECOVERY_DID_KEY',
  'PDS_ID_RESOLVER_TIMEOUT',
  'PDS_DID_CACHE_STALE_TTL',
  'PDS_DID_CACHE_MAX_TTL',
  'PDS_HANDLE_BACKUP_NAMESERVERS',
  'PDS_ENABLE_DID_DOC_WITH_SESSION',
  'PDS_INVITE_REQUIRED',
  'PDS_INVITE_INTERVAL',
  'PDS_INVITE_EPOCH',
  'PDS_EMAIL_SMTP_URL',
  'PDS_EMAIL_FROM_ADDRESS',
  'PDS_EMAIL_DISABLE_CONFIRMATION_LINK',
  'PDS_MODERATION_EMAIL_SMTP_URL',
  'PDS_MODERATION_EMAIL_ADDRESS',
  'PDS_BSKY_APP_VIEW_URL',
  'PDS_BSKY_APP_VIEW_DID',
  'PDS_BSKY_APP_VIEW_CDN_URL_PATTERN',
  'PDS_PROXY_ALLOW_HTTP2',
  'PDS_PROXY_HEADERS_TIMEOUT',
  'PDS_PROXY_BODY_TIMEOUT',
  'PDS_PROXY_MAX_RESPONSE_SIZE',
  'PDS_PROXY_MAX_RETRIES',
  'PDS_PROXY_PREFER_COMPRESSED',
  'PDS_FETCH_MAX_RESPONSE_SIZE',
  'PDS_MOD_SERVICE_URL',
  'PDS_MOD_SERVICE_DID',
  'PDS_REPORT_SERVICE_URL',
  'PDS_REPORT_SERVICE_DID',
  'PDS_MAX_SUBSCRIPTION_BUFFER',
  'PDS_JETSTREAM_DICTIONARY',
  'PDS_REPO_BACKFILL_LIMIT_MS',
  'PDS_CRAWLERS',
  'PDS_RATE_LIMITS_ENABLED',
  'PDS_RATE_LIMIT_BYPASS_KEY',
  'PDS_RATE_LIMIT_BYPASS_IPS',
  'PDS_SERVICE_NAME',
  'PDS_HOME_URL',
  'PDS_LOGO_URL',
  'PDS_SUPPORT_URL',
  'PDS_PRIMARY_COLOR',
  'PDS_ERROR_COLOR',
  'PDS_WARNING_COLOR',
  'PDS_INFO_COLOR',
  'PDS_SUCCESS_COLOR',
  'PDS_BACKGROUND_LIGHT_URL',
  'PDS_BACKGROUND_DARK_URL',
  'PDS_DPOP_SECRET',
  'PDS_HCAPTCHA_SITE_KEY',
  'PDS_HCAPTCHA_SECRET_KEY',
  'PDS_HCAPTCHA_TOKEN_SALT',
  'PDS_OAUTH_TRUSTED_CLIENTS',
  'PDS_LEXICON_AUTHORITY_DID',
  'LOG_ENABLED',
  'LOG_LEVEL',
]

/** Where the reference PDS keeps its accounts if not in its data folder. They have no other effect here. */
export const referenceLocations = [
  'PDS_ACCOUNT_DB_LOCATION',
  'PDS_SEQUENCER_DB_LOCATION',
  'PDS_ACTOR_STORE_DIRECTORY',
]

const withPrefix = (prefix: string, suffixes: string) =>
  suffixes.split(' ').map((suffix) => `${prefix}_${suffix}`)

export const ignoredNames = [
  ...withPrefix('PDS', 'LIGHT_COLOR DARK_COLOR CONTRAST_SATURATION'),
  ...withPrefix('PDS_PRIMARY_COLOR', 'CONTRAST HUE'),
  ...withPrefix('PDS_ERROR_COLOR', 'CONTRAST HUE'),
  ...withPrefix('PDS_WARNING_COLOR', 'CONTRAST HUE'),
  ...withPrefix('PDS_INFO_COLOR', 'CONTRAST HUE'),
  ...withPrefix('PDS_SUCCESS_COLOR', 'CONTRAST HUE'),
  ...withPrefix('PDS', 'PLC_ROTATION_KEY_KMS_KEY_ID'),
  ...withPrefix('PDS', 'ACCOUNT_DB_LOCATION SEQUENCER_DB_LOCATION DID_CACHE_DB_LOCATION'),
  ...withPrefix(
    'PDS',
    'SQLITE_DISABLE_WAL_AUTO_CHECKPOINT ACTOR_STORE_DIRECTORY ACTOR_STORE_CACHE_SIZE',
  ),
  ...withPrefix(
    'PDS_ENTRYWAY',
    'URL DID JWT_VERIFY_KEY_K256_PUBLIC_KEY_HEX PLC_ROTATION_KEY ADMIN_TOKEN',
  ),
  ...withPrefix('PDS_REDIS_SCRATCH', 'ADDRESS PASSWORD'),
  ...withPrefix('LOG', 'SYSTEMS DESTINATION'),
]

const known = [...ourNames, ...referenceNames, ...ignoredNames]

export function isKnownName(name: string): boolean {
  return known.includes(name)
}

export function nearestName(name: string): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 4))
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
  return nearest?.candidate
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
