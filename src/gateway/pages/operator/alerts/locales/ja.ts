/** The texts of alerts and checks in Japanese. */
import type { AlertTexts } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const ja: AlertTexts = {
  'what.HeadwaterEngineDown': 'エンジン',
  'what.HeadwaterEngineRestarts': 'エンジンの再起動',
  'what.HeadwaterStorageDown': 'ストレージ',
  'what.HeadwaterStoreLostItsEnd': '前回の起動前に失われたデータ',
  'what.HeadwaterDiskLow': 'ディスクの空き容量',
  'what.HeadwaterDiskFullInADay': '1 日以内にディスクが満杯',
  'what.HeadwaterDiskFullInAMonth': '1 か月以内にディスクが満杯',
  'what.HeadwaterLongLog': '次回起動時に読むログ',
  'what.HeadwaterSyncsSlow': 'ディスクの同期時間',
  'what.HeadwaterBackupOld': '最後の完全なバックアップ',
  'what.HeadwaterBackupFailed': '前回のバックアップの試行',
  'what.HeadwaterBackupDrillFailed': '前回の復元ドリル',
  'what.HeadwaterArchivesFail': 'アーカイブできなかったアカウント',
  'what.HeadwaterArchiveDrillsFail': '復元できなかったアーカイブ',
  'what.HeadwaterArchivesLate': '全アカウントのアーカイブ',
  'what.HeadwaterErrors': 'サーバーエラー',
  'what.HeadwaterErrorsOfOtherServices': '他のサービスのエラー',
  'what.HeadwaterPageErrors': 'ページとサインインのエラー',
  'what.HeadwaterOverloaded': 'イベントループの遅延',
  'what.HeadwaterTooManyAwake': '起動中のアカウント',
  'what.HeadwaterAccountsPutToSleep': '空きを作るために休止したアカウント',
  'what.HeadwaterRateLimited': 'レート制限された呼び出し',
  'what.HeadwaterUnhandledRejections': '処理されなかったエラー',
  'what.HeadwaterEventsNotSequenced': 'まだ Firehose に出ていないイベント',
  'what.HeadwaterUndeliveredEvents': '未配信のイベントがあるアカウント',
  'what.HeadwaterFirehoseLag': 'このゲートウェイの Firehose の遅延',
  'what.HeadwaterSubscriberLag': '購読者の遅延',
  'what.HeadwaterEventsNotTrimmed': 'ログ内の最古のイベント',
  'what.HeadwaterRelayThrottles': 'リレーに制限されたアカウント',
  'what.HeadwaterRelayLimitNear': 'リレーのアカウント数の上限',
  'what.HeadwaterRelayStatus': 'リレーでの状態',
  'what.HeadwaterRelayLag': 'リレーの遅延',
  'what.HeadwaterWebhooksWait': '待機中の Webhook 配信',
  'what.HeadwaterWebhookDisabled': '無効な Webhook',
  'advice.HeadwaterEngineDown':
    '数秒以内に自動で再起動します。改善しない場合は、データフォルダーの engine/engine.log、メモリ、ディスクの空きを確認してください。',
  'advice.HeadwaterEngineRestarts':
    'データフォルダーの engine/engine.log の末尾、メモリ（メモリ不足で終了したプロセスは dmesg に出ます）、ディスクの空きを確認してください。',
  'advice.HeadwaterStorageDown':
    'writable：ディスクが満杯、読み取り専用、または故障しています。blobs：フォルダーまたはバケットを確認してください。accountDb、sequencerDb：エンジンを確認してください。',
  'advice.HeadwaterStoreLostItsEnd':
    'PDS_DURABILITY=process での停電、書き込み完了を早く返しすぎるディスク、またはバックアップの復元が原因です。アカウントは状態をリレーに改めて通知します。',
  'advice.HeadwaterDiskLow': '空きを作るか、ボリュームを拡張してください。再起動は不要です。',
  'advice.HeadwaterDiskFullInADay':
    '空きを作るか、ボリュームを拡張してください。同じディスク上の古いバックアップは、エンジンが削除したテーブルを保持し続けます。',
  'advice.HeadwaterDiskFullInAMonth':
    '早めにボリュームを拡張してください。アカウントとイベントのどちらが増えているかは下のグラフでわかります。',
  'advice.HeadwaterLongLog':
    '次回の起動は 25 MB ごとに 1 秒長くなります。利用の少ない時間に再起動してください。',
  'advice.HeadwaterSyncsSlow':
    '他の処理がディスクを占有しているか、ディスクが故障しているか（dmesg を確認）、ネットワークボリュームが遅すぎます。',
  'advice.HeadwaterBackupOld':
    'headwater backup が実行されていないか、最後まで完了していません。タイマーまたは cron を確認してください。',
  'advice.HeadwaterBackupFailed': '空きを作るか、コマンドを修正して、もう一度実行してください。',
  'advice.HeadwaterBackupDrillFailed':
    'このバックアップは復元できません。新しく作成し、headwater backup drill を実行してください。',
  'advice.HeadwaterArchivesFail':
    '理由は headwater archive list --failed で確認できます。次の回に再試行されます。',
  'advice.HeadwaterArchiveDrillsFail':
    '理由は headwater archive list --failed で確認できます。headwater archive create で新しいアーカイブを作成し、headwater archive drill を実行してください。',
  'advice.HeadwaterArchivesLate':
    'アカウントをアーカイブするゲートウェイがないか、1 回に PDS_ARCHIVE_INTERVAL_HOURS より長くかかっています。ログを確認してください。',
  'advice.HeadwaterErrors':
    'それぞれ x-request-id とともにログに記録されています。503 はサーバーが処理を拒否したとき、507 はディスクが原因です。',
  'advice.HeadwaterErrorsOfOtherServices':
    'AppView、モデレーションサービス、PLC ディレクトリのいずれかに障害があります。ログで確認してください。',
  'advice.HeadwaterPageErrors': 'それぞれ x-request-id とともにログに記録されています。',
  'advice.HeadwaterOverloaded':
    'PDS_RATE_LIMITS_ENABLED を有効にしてください。プロセッサを増やす効果があるのは、複数プロセスの場合だけです。',
  'advice.HeadwaterTooManyAwake':
    '追加のアカウント 1 つにつきメモリが 1 MB あるなら、PDS_MAX_AWAKE_ACCOUNTS を増やしてください。メモリが足りない場合は減らしてください。',
  'advice.HeadwaterAccountsPutToSleep':
    'PDS_MAX_AWAKE_ACCOUNTS より多くのアカウントが使われています。メモリがあれば増やしてください。',
  'advice.HeadwaterRateLimited':
    '特定のクライアントを除外するには PDS_RATE_LIMIT_BYPASS_IPS を設定してください。全クライアントが同じアドレスの場合は PDS_TRUSTED_PROXIES を設定してください。',
  'advice.HeadwaterUnhandledRejections':
    'これは不具合です。ログのスタックトレースを報告してください。サーバーは動作を続けます。',
  'advice.HeadwaterEventsNotSequenced':
    'レコードは保存されますが、リレーに届いていません。エンジンまたはシーケンサーが応答していません。ログを確認してください。',
  'advice.HeadwaterUndeliveredEvents':
    '多くの場合、エンジンまたはシーケンサーが応答していません。イベントは後で順番どおりに配信されます。',
  'advice.HeadwaterFirehoseLag': 'このゲートウェイを再起動してください。',
  'advice.HeadwaterSubscriberLag': '遅れすぎた購読者は切断され、カーソルを使って再接続します。',
  'advice.HeadwaterEventsNotTrimmed':
    '書き込みがない場合や、PDS_REPO_BACKFILL_LIMIT_MS が 1 日より長い場合は正常です。それ以外は不具合です。',
  'advice.HeadwaterRelayThrottles':
    'リレーはサーバーごとのアカウント数を制限します。用意された依頼文をリレーの運営者に送ってください。',
  'advice.HeadwaterRelayLimitNear':
    '上限に達する前に引き上げを依頼してください。依頼文は用意されています。',
  'advice.HeadwaterRelayStatus':
    'このサーバーがリレーでオフラインの場合は DNS、TLS、ファイアウォールを確認してください。禁止されている場合はリレーの運営者に問い合わせてください。不明の場合はクロールを要求してください。',
  'advice.HeadwaterRelayLag':
    'リレーがこのサーバーのイベントを制限しているか、接続していません。クロールを要求してください。',
  'advice.HeadwaterWebhooksWait':
    'エンドポイントが応答しないか、2xx 以外を返しています。配信は 3 日間再試行されます。',
  'advice.HeadwaterWebhookDisabled':
    'エンドポイントが 410 を返したか、5 日間失敗し続けました。修正してから有効にすると、止まった位置から配信が再開されます。',
  noData: 'データはまだありません',
  ok: '正常',
  failed: '失敗',
  none: 'なし',
  no: 'いいえ',
  noAnswer: '応答なし',
  sinceStart: '起動後 {n} 回',
  unusable: '使用不可：{parts}',
  lastOnes: '直近 {time}',
  sizeFree: '空き {size}',
  fullAtThisRate: 'はい（直近 1 時間のペースの場合）',
  old: '{age}前',
  noArchives: 'アーカイブなし',
  late: '{time}の遅れ',
  inTime: '予定どおり',
  noneFailed: '失敗なし',
  failPerSecond: '毎秒 {n} 件失敗',
  perSecond: '毎秒 {n} 件',
  ofTotal: '{n} / {total}',
  noneLastHour: '直近 1 時間はなし',
  noCalls: '呼び出しなし',
  nWaiting: '待機中 {n}',
  atMost: '最大 {n}',
  noSubscribers: '購読者なし',
  slowestOf: '{n} 件中最も遅いもので {time}',
  closeTo: '{relay} で {limit} に近づいています',
  statusAt: '{relay} で{status}',
  noRelays: 'リレーの設定なし',
  'check.storage': 'ストレージ',
  'check.disk': 'ディスク',
  'check.mail': 'メール',
  'check.plc': 'PLC ディレクトリ',
  'check.keys': '鍵',
  'check.relays': 'リレー',
  'check.relay': 'リレー {relay}',
  seeLog: 'サーバーのログを確認してください。',
  allUsable: 'すべて使用できます。',
  notUsable: '使用不可：{parts}',
  isEngineUp:
    'エンジンは動作していますか（別の場所なら RIVET_ENDPOINT）。サーバーのログを確認してください。',
  spaceUnknown: '空き容量は不明です。',
  spaceFree: 'データフォルダーのボリュームの空き {size}',
  makeRoom: '空きを作るか、より大きなボリュームに移してください。',
  mailsWritten: 'メールは {folder} に書き込まれ、送信されません。',
  setMail: 'PDS_EMAIL_SMTP_URL と PDS_EMAIL_FROM_ADDRESS を設定してください。',
  mailAccepted:
    'メールサーバーへのログインに成功しました。headwater mail test でメールを送信できます。',
  mailRefused: 'メールサーバーに拒否されました：{reason}',
  correctMail: 'PDS_EMAIL_SMTP_URL を修正してください。',
  plcAnswers: '応答しています。',
  checkPlcCalls:
    'このマシンからの通信の DNS とファイアウォール、および PDS_DID_PLC_URL を確認してください。',
  ownKeys:
    'データの書き込みに使われた鍵と一致します。比較できる did:plc のアカウントはありません。',
  rotationKeyMissing: 'PLC ディレクトリの {did} に、このサーバーのローテーションキーがありません。',
  setRotationKey: '以前の PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX を設定してください。',
  signingKeyMissing: '{did} の DID ドキュメントに、アカウントの署名鍵がありません。',
  keysAgree:
    'データの書き込みに使われた鍵と一致し、{did} について PLC ディレクトリとも一致します。',
  noRelayAsked: 'このサーバーのクロールを要求するリレーがありません。',
  setCrawlers: 'PDS_CRAWLERS を設定してください（例：https://bsky.network）。',
  checkRelayCalls:
    'このマシンからの通信の DNS とファイアウォール、および PDS_CRAWLERS を確認してください。',
  statusThere: 'リレーでのこのサーバーの状態：{status}',
  knowsServer: 'このサーバーを認識しています。',
  behind: '{time}の遅延',
  throttledThere: 'リレーに制限されたアカウント：{n}。書き込んだ内容は転送されません。',
  limitNear: 'アカウント：{n}。リレーが受け入れるのは {limit} までの可能性があります。',
  unreachable: '接続できません：{reason}',
}
