/** The texts of alerts and checks in Korean. */
import type { AlertTexts } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const ko: AlertTexts = {
  'what.HeadwaterEngineDown': '엔진',
  'what.HeadwaterEngineRestarts': '엔진 재시작',
  'what.HeadwaterStorageDown': '저장 공간',
  'what.HeadwaterStoreLostItsEnd': '마지막 시작 전에 손실된 데이터',
  'what.HeadwaterDiskLow': '디스크 여유 공간',
  'what.HeadwaterDiskFullInADay': '하루 안에 디스크 가득 참',
  'what.HeadwaterDiskFullInAMonth': '한 달 안에 디스크 가득 참',
  'what.HeadwaterLongLog': '다음 시작 때 읽을 로그',
  'what.HeadwaterSyncsSlow': '디스크 동기화 시간',
  'what.HeadwaterBackupOld': '마지막 완전한 백업',
  'what.HeadwaterBackupFailed': '마지막 백업 시도',
  'what.HeadwaterBackupDrillFailed': '마지막 복원 훈련',
  'what.HeadwaterArchivesFail': '보관하지 못한 계정',
  'what.HeadwaterArchiveDrillsFail': '복원하지 못한 보관본',
  'what.HeadwaterArchivesLate': '모든 계정 보관',
  'what.HeadwaterErrors': '서버 오류',
  'what.HeadwaterErrorsOfOtherServices': '다른 서비스의 오류',
  'what.HeadwaterPageErrors': '페이지와 로그인 오류',
  'what.HeadwaterOverloaded': '이벤트 루프 지연',
  'what.HeadwaterTooManyAwake': '깨어 있는 계정',
  'what.HeadwaterAccountsPutToSleep': '자리를 내기 위해 재운 계정',
  'what.HeadwaterRateLimited': '제한된 호출',
  'what.HeadwaterUnhandledRejections': '처리되지 않은 오류',
  'what.HeadwaterEventsNotSequenced': '아직 Firehose에 없는 이벤트',
  'what.HeadwaterUndeliveredEvents': '전달되지 않은 이벤트가 있는 계정',
  'what.HeadwaterFirehoseLag': '이 게이트웨이의 Firehose 지연',
  'what.HeadwaterSubscriberLag': '구독자의 지연',
  'what.HeadwaterEventsNotTrimmed': '로그의 가장 오래된 이벤트',
  'what.HeadwaterRelayThrottles': '릴레이가 제한한 계정',
  'what.HeadwaterRelayLimitNear': '릴레이의 계정 수 한도',
  'what.HeadwaterRelayStatus': '릴레이의 상태',
  'what.HeadwaterRelayLag': '릴레이의 지연',
  'what.HeadwaterWebhooksWait': '대기 중인 웹훅 전달',
  'what.HeadwaterWebhookDisabled': '비활성화된 웹훅',
  'advice.HeadwaterEngineDown':
    '몇 초 안에 자동으로 다시 시작됩니다. 해결되지 않으면 데이터 폴더의 engine/engine.log, 메모리, 디스크 공간을 확인하세요.',
  'advice.HeadwaterEngineRestarts':
    '데이터 폴더의 engine/engine.log 끝부분, 메모리(메모리 부족으로 종료된 프로세스는 dmesg에 나옵니다), 디스크 공간을 확인하세요.',
  'advice.HeadwaterStorageDown':
    'writable: 디스크가 가득 찼거나 읽기 전용이거나 고장입니다. blobs: 폴더나 버킷을 확인하세요. accountDb, sequencerDb: 엔진을 확인하세요.',
  'advice.HeadwaterStoreLostItsEnd':
    'PDS_DURABILITY=process 상태의 정전, 쓰기를 너무 일찍 확인하는 디스크, 또는 복원한 백업이 원인입니다. 계정은 상태를 릴레이에 다시 알립니다.',
  'advice.HeadwaterDiskLow': '공간을 확보하거나 볼륨을 늘리세요. 다시 시작할 필요는 없습니다.',
  'advice.HeadwaterDiskFullInADay':
    '공간을 확보하거나 볼륨을 늘리세요. 같은 디스크의 오래된 백업은 엔진이 삭제한 테이블을 붙잡고 있습니다.',
  'advice.HeadwaterDiskFullInAMonth':
    '제때 볼륨을 늘리세요. 계정과 이벤트 중 무엇이 늘어나는지는 아래 차트에 나옵니다.',
  'advice.HeadwaterLongLog':
    '다음 시작은 25 MB마다 1초씩 길어집니다. 한가한 시간에 서버를 다시 시작하세요.',
  'advice.HeadwaterSyncsSlow':
    '다른 작업이 디스크를 점유하거나, 디스크가 고장이거나(dmesg 참고), 네트워크 볼륨이 너무 느립니다.',
  'advice.HeadwaterBackupOld':
    'headwater backup이 실행되지 않았거나 끝까지 실행되지 않았습니다. 타이머나 cron 작업을 확인하세요.',
  'advice.HeadwaterBackupFailed': '공간을 확보하거나 명령을 고쳐 다시 실행하세요.',
  'advice.HeadwaterBackupDrillFailed':
    '이 백업은 그대로 복원할 수 없습니다. 새로 만들고 headwater backup drill을 실행하세요.',
  'advice.HeadwaterArchivesFail':
    '이유는 headwater archive list --failed에 나옵니다. 다음 차례에 다시 시도합니다.',
  'advice.HeadwaterArchiveDrillsFail':
    '이유는 headwater archive list --failed에 나옵니다. headwater archive create로 새 보관본을 만들고 headwater archive drill을 실행하세요.',
  'advice.HeadwaterArchivesLate':
    '계정을 보관하는 게이트웨이가 없거나, 한 차례가 PDS_ARCHIVE_INTERVAL_HOURS보다 오래 걸립니다. 로그를 확인하세요.',
  'advice.HeadwaterErrors':
    '각각 x-request-id와 함께 로그에 한 줄씩 있습니다. 503은 서버가 작업을 거부한 것이고, 507은 디스크 문제입니다.',
  'advice.HeadwaterErrorsOfOtherServices':
    'AppView, 콘텐츠 관리 서비스 또는 PLC 디렉터리에 장애가 있습니다. 로그에 이름이 나옵니다.',
  'advice.HeadwaterPageErrors': '각각 x-request-id와 함께 로그에 한 줄씩 있습니다.',
  'advice.HeadwaterOverloaded':
    'PDS_RATE_LIMITS_ENABLED를 켜세요. 프로세서를 늘리는 것은 프로세스가 여러 개일 때만 도움이 됩니다.',
  'advice.HeadwaterTooManyAwake':
    '계정이 하나 늘 때마다 메모리 1 MB가 있다면 PDS_MAX_AWAKE_ACCOUNTS를 늘리세요. 메모리가 부족하면 줄이세요.',
  'advice.HeadwaterAccountsPutToSleep':
    'PDS_MAX_AWAKE_ACCOUNTS보다 많은 계정이 사용 중입니다. 메모리가 있으면 늘리세요.',
  'advice.HeadwaterRateLimited':
    '클라이언트를 제외하려면 PDS_RATE_LIMIT_BYPASS_IPS를 설정하세요. 모든 클라이언트의 주소가 같다면 PDS_TRUSTED_PROXIES를 설정하세요.',
  'advice.HeadwaterUnhandledRejections':
    '버그입니다. 로그의 스택 추적을 알려 주세요. 서버는 계속 실행됩니다.',
  'advice.HeadwaterEventsNotSequenced':
    '레코드는 저장되지만 릴레이에 도달하지 못합니다. 엔진이나 시퀀서가 응답하지 않습니다. 로그를 확인하세요.',
  'advice.HeadwaterUndeliveredEvents':
    '대개 엔진이나 시퀀서가 응답하지 않는 경우입니다. 이벤트는 나중에 순서대로 전달됩니다.',
  'advice.HeadwaterFirehoseLag': '이 게이트웨이를 다시 시작하세요.',
  'advice.HeadwaterSubscriberLag': '너무 뒤처진 구독자는 연결이 끊기고 커서로 다시 연결합니다.',
  'advice.HeadwaterEventsNotTrimmed':
    '쓰기가 없거나 PDS_REPO_BACKFILL_LIMIT_MS가 하루보다 길면 정상입니다. 그렇지 않으면 버그입니다.',
  'advice.HeadwaterRelayThrottles':
    '릴레이는 서버의 계정 수를 제한합니다. 준비된 요청을 릴레이 운영자에게 보내세요.',
  'advice.HeadwaterRelayLimitNear':
    '한도에 도달하기 전에 상향을 요청하세요. 요청이 준비되어 있습니다.',
  'advice.HeadwaterRelayStatus':
    '이 서버가 릴레이에서 오프라인이면 DNS, TLS, 방화벽을 확인하세요. 차단되었다면 릴레이 운영자에게 문의하세요. 알 수 없음이면 크롤링을 요청하세요.',
  'advice.HeadwaterRelayLag':
    '릴레이가 이 서버의 이벤트를 제한하거나 연결되어 있지 않습니다. 크롤링을 요청하세요.',
  'advice.HeadwaterWebhooksWait':
    '엔드포인트가 응답하지 않거나 2xx로 응답하지 않습니다. 전달은 3일 동안 다시 시도합니다.',
  'advice.HeadwaterWebhookDisabled':
    '엔드포인트가 410으로 응답했거나 5일 동안 실패만 했습니다. 고친 뒤 활성화하면 멈춘 곳부터 전달을 이어 갑니다.',
  noData: '아직 데이터 없음',
  ok: '정상',
  failed: '실패',
  none: '없음',
  no: '아니요',
  noAnswer: '응답 없음',
  sinceStart: '시작 후 {n}회',
  unusable: '사용 불가: {parts}',
  lastOnes: '마지막 {time}',
  sizeFree: '여유 {size}',
  fullAtThisRate: '예, 지난 1시간의 속도라면',
  old: '{age} 전',
  noArchives: '보관본 없음',
  late: '{time} 늦음',
  inTime: '제때',
  noneFailed: '실패 없음',
  failPerSecond: '초당 {n}건 실패',
  perSecond: '초당 {n}건',
  ofTotal: '{n} / {total}',
  noneLastHour: '지난 1시간 동안 없음',
  noCalls: '호출 없음',
  nWaiting: '대기 중 {n}',
  atMost: '최대 {n}',
  noSubscribers: '구독자 없음',
  slowestOf: '{n}개 중 가장 느린 것이 {time}',
  closeTo: '{relay}에서 {limit}에 가까움',
  statusAt: '{relay}에서 {status}',
  noRelays: '설정된 릴레이 없음',
  'check.storage': '저장 공간',
  'check.disk': '디스크',
  'check.mail': '메일',
  'check.plc': 'PLC 디렉터리',
  'check.keys': '키',
  'check.relays': '릴레이',
  'check.relay': '릴레이 {relay}',
  seeLog: '서버 로그를 확인하세요.',
  allUsable: '모두 사용할 수 있습니다.',
  notUsable: '사용 불가: {parts}',
  isEngineUp: '엔진이 실행 중인가요(다른 곳에 있다면 RIVET_ENDPOINT)? 서버 로그를 확인하세요.',
  spaceUnknown: '여유 공간을 알 수 없습니다.',
  spaceFree: '데이터 폴더의 볼륨에 여유 {size}',
  makeRoom: '공간을 확보하거나 더 큰 볼륨으로 옮기세요.',
  mailsWritten: '메일을 {folder}에 기록하고 보내지 않습니다.',
  setMail: 'PDS_EMAIL_SMTP_URL과 PDS_EMAIL_FROM_ADDRESS를 설정하세요.',
  mailAccepted: '메일 서버 로그인에 성공했습니다. headwater mail test로 메일을 보낼 수 있습니다.',
  mailRefused: '메일 서버가 거부했습니다: {reason}',
  correctMail: 'PDS_EMAIL_SMTP_URL을 고치세요.',
  plcAnswers: '응답합니다.',
  checkPlcCalls: '이 장비에서 나가는 호출의 DNS와 방화벽, 그리고 PDS_DID_PLC_URL을 확인하세요.',
  ownKeys: '데이터를 기록할 때 쓴 키와 같습니다. 비교할 did:plc 계정이 없습니다.',
  rotationKeyMissing: 'PLC 디렉터리의 {did}에 이 서버의 교체 키가 없습니다.',
  setRotationKey: '이전의 PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX를 설정하세요.',
  signingKeyMissing: '{did}의 DID 문서에 계정의 서명 키가 없습니다.',
  keysAgree: '데이터를 기록할 때 쓴 키와 같고, {did}에 대해 PLC 디렉터리와도 일치합니다.',
  noRelayAsked: '이 서버를 크롤링하도록 요청받은 릴레이가 없습니다.',
  setCrawlers: 'PDS_CRAWLERS를 설정하세요(예: https://bsky.network).',
  checkRelayCalls: '이 장비에서 나가는 호출의 DNS와 방화벽, 그리고 PDS_CRAWLERS를 확인하세요.',
  statusThere: '릴레이에서 이 서버의 상태: {status}',
  knowsServer: '이 서버를 알고 있습니다.',
  behind: '{time} 지연',
  throttledThere: '릴레이가 제한한 계정: {n}. 쓴 내용이 전달되지 않습니다.',
  limitNear: '계정: {n}. 릴레이가 {limit}개까지만 받을 수 있습니다.',
  unreachable: '연결할 수 없습니다: {reason}',
}
