<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_TW" sourcelanguage="en">
 <context>
  <name>HiveMind</name>
  <message>
   <source>/min</source>
   <translation>／分</translation>
  </message>
  <message>
   <source>0 to 100, larger goes first</source>
   <translation>0–100，數字大的先做</translation>
  </message>
  <message>
   <source>1 day</source>
   <translation>1 天</translation>
  </message>
  <message>
   <source>1 h</source>
   <translation>1 小時</translation>
  </message>
  <message>
   <source>15 minutes</source>
   <translation>15 分鐘</translation>
  </message>
  <message>
   <source>2 hours</source>
   <translation>2 小時</translation>
  </message>
  <message>
   <source>24 h</source>
   <translation>24 小時</translation>
  </message>
  <message>
   <source>6 h</source>
   <translation>6 小時</translation>
  </message>
  <message>
   <source>7 d</source>
   <translation>7 天</translation>
  </message>
  <message>
   <source>7 days</source>
   <translation>7 天</translation>
  </message>
  <message>
   <source>A computer without a screen: one line</source>
   <translation>沒有螢幕的電腦：一行指令</translation>
  </message>
  <message>
   <source>A master on this computer, {computer}</source>
   <translation>這台電腦（{computer}）上的主控節點</translation>
  </message>
  <message>
   <source>A master runs here.</source>
   <translation>這台電腦上有主控節點正在執行。</translation>
  </message>
  <message>
   <source>A new pool, step by step</source>
   <translation>新的節點池：逐步完成</translation>
  </message>
  <message>
   <source>A zip with the program and its data</source>
   <translation>裝有程式與資料的 ZIP 檔</translation>
  </message>
  <message>
   <source>Account</source>
   <translation>帳戶</translation>
  </message>
  <message>
   <source>Accounts</source>
   <translation>帳戶</translation>
  </message>
  <message>
   <source>Active user</source>
   <translation>使用中</translation>
  </message>
  <message>
   <source>Add a user</source>
   <translation>新增使用者</translation>
  </message>
  <message>
   <source>Add a user…</source>
   <translation>新增使用者…</translation>
  </message>
  <message>
   <source>Add or change</source>
   <translation>新增或變更</translation>
  </message>
  <message>
   <source>Add user</source>
   <translation>新增使用者</translation>
  </message>
  <message>
   <source>Added a user</source>
   <translation>新增使用者</translation>
  </message>
  <message>
   <source>Age</source>
   <translation>提交至今</translation>
  </message>
  <message>
   <source>All</source>
   <translation>全部</translation>
  </message>
  <message>
   <source>All balances together</source>
   <translation>所有餘額合計</translation>
  </message>
  <message>
   <source>All links</source>
   <translation>所有連結</translation>
  </message>
  <message>
   <source>All rows are being replayed…</source>
   <translation>正在重算全部帳目…</translation>
  </message>
  <message>
   <source>All {n} rows fit; newest head {head}</source>
   <translation>{n} 筆全部相符；最新雜湊 {head}</translation>
  </message>
  <message>
   <source>Amount, CPT</source>
   <translation>金額（CPT）</translation>
  </message>
  <message>
   <source>An operator approves each node first</source>
   <translation>每台都先由管理員核准</translation>
  </message>
  <message>
   <source>Answered a wish for credits</source>
   <translation>回覆點數申請</translation>
  </message>
  <message>
   <source>Approval</source>
   <translation>核准方式</translation>
  </message>
  <message>
   <source>Approve</source>
   <translation>核准</translation>
  </message>
  <message>
   <source>Approved a node</source>
   <translation>核准節點</translation>
  </message>
  <message>
   <source>Artifacts</source>
   <translation>產出檔案</translation>
  </message>
  <message>
   <source>Asked for credits</source>
   <translation>申請點數</translation>
  </message>
  <message>
   <source>At work</source>
   <translation>執行中</translation>
  </message>
  <message>
   <source>Attempts here</source>
   <translation>這台節點的嘗試</translation>
  </message>
  <message>
   <source>Attempts per node</source>
   <translation>各節點的嘗試</translation>
  </message>
  <message>
   <source>Attempts: {n} of {slots} slots</source>
   <translation>嘗試：{n}／{slots}</translation>
  </message>
  <message>
   <source>Back up</source>
   <translation>備份</translation>
  </message>
  <message>
   <source>Back up on {machine}</source>
   <translation>在 {machine} 上備份</translation>
  </message>
  <message>
   <source>Back up…</source>
   <translation>備份…</translation>
  </message>
  <message>
   <source>Backed up the pool</source>
   <translation>備份節點池</translation>
  </message>
  <message>
   <source>Backup written to {path} on the master.</source>
   <translation>備份已寫到主控節點的 {path}。</translation>
  </message>
  <message>
   <source>Balance, CPT</source>
   <translation>餘額（CPT）</translation>
  </message>
  <message>
   <source>Became the first operator</source>
   <translation>成為第一位管理員</translation>
  </message>
  <message>
   <source>Bring the first node in</source>
   <translation>讓第一台節點加入</translation>
  </message>
  <message>
   <source>Browse the master's disks…</source>
   <translation>瀏覽主控節點的磁碟…</translation>
  </message>
  <message>
   <source>Browse…</source>
   <translation>瀏覽…</translation>
  </message>
  <message>
   <source>CPT</source>
   <translation>CPT</translation>
  </message>
  <message>
   <source>CPT so far</source>
   <translation>目前費用</translation>
  </message>
  <message>
   <source>CPT/h</source>
   <translation>CPT／時</translation>
  </message>
  <message>
   <source>CPU</source>
   <translation>CPU</translation>
  </message>
  <message>
   <source>CPU and GPU, %</source>
   <translation>CPU 與 GPU（%）</translation>
  </message>
  <message>
   <source>CPU and GPU, % of what is reserved</source>
   <translation>CPU 與 GPU，占保留量的百分比</translation>
  </message>
  <message>
   <source>CPU and memory</source>
   <translation>CPU 與記憶體</translation>
  </message>
  <message>
   <source>Cancel task…</source>
   <translation>取消任務…</translation>
  </message>
  <message>
   <source>Cancel {n} tasks</source>
   <translation>取消 {n} 個任務</translation>
  </message>
  <message>
   <source>Cancel {n} tasks?</source>
   <translation>要取消 {n} 個任務嗎？</translation>
  </message>
  <message>
   <source>Cancelled a task</source>
   <translation>取消任務</translation>
  </message>
  <message>
   <source>Cap</source>
   <translation>費用上限</translation>
  </message>
  <message>
   <source>Cap, CPT</source>
   <translation>費用上限（CPT）</translation>
  </message>
  <message>
   <source>Cards</source>
   <translation>卡片</translation>
  </message>
  <message>
   <source>Certificate</source>
   <translation>憑證</translation>
  </message>
  <message>
   <source>Change priority…</source>
   <translation>修改優先順序…</translation>
  </message>
  <message>
   <source>Changed a password</source>
   <translation>變更密碼</translation>
  </message>
  <message>
   <source>Changed a quota</source>
   <translation>變更配額</translation>
  </message>
  <message>
   <source>Changed a task's cap</source>
   <translation>變更任務費用上限</translation>
  </message>
  <message>
   <source>Changed a task's priority</source>
   <translation>變更任務優先順序</translation>
  </message>
  <message>
   <source>Changed notices</source>
   <translation>變更通知設定</translation>
  </message>
  <message>
   <source>Changed roles</source>
   <translation>變更角色</translation>
  </message>
  <message>
   <source>Changed settings</source>
   <translation>變更設定</translation>
  </message>
  <message>
   <source>Changed what a task asks for</source>
   <translation>變更任務的資源需求</translation>
  </message>
  <message>
   <source>Charts</source>
   <translation>圖表</translation>
  </message>
  <message>
   <source>Cheapest change: {change}</source>
   <translation>最小的修改：{change}</translation>
  </message>
  <message>
   <source>Check again</source>
   <translation>重新檢查</translation>
  </message>
  <message>
   <source>Check and quote</source>
   <translation>檢查並估價</translation>
  </message>
  <message>
   <source>Checked before they are saved. They hold from the master's next start.</source>
   <translation>儲存前會先檢查，主控節點下次啟動後生效。</translation>
  </message>
  <message>
   <source>Choose a task to see it here.</source>
   <translation>選一個任務，在這裡查看。</translation>
  </message>
  <message>
   <source>Choose a transfer to see how its amount came about.</source>
   <translation>選一筆帳目，看金額怎麼算出來。</translation>
  </message>
  <message>
   <source>Choose a zip</source>
   <translation>選擇 ZIP 檔</translation>
  </message>
  <message>
   <source>Choose an attempt to read its log.</source>
   <translation>選擇一次嘗試，即可閱讀它的日誌。</translation>
  </message>
  <message>
   <source>Choose this folder</source>
   <translation>選擇這個資料夾</translation>
  </message>
  <message>
   <source>Clear quarantine</source>
   <translation>解除觀察</translation>
  </message>
  <message>
   <source>Cleared a node's quarantine</source>
   <translation>解除節點觀察</translation>
  </message>
  <message>
   <source>Clock</source>
   <translation>時鐘</translation>
  </message>
  <message>
   <source>Close the hits</source>
   <translation>關閉搜尋結果</translation>
  </message>
  <message>
   <source>Colours</source>
   <translation>顏色</translation>
  </message>
  <message>
   <source>Command</source>
   <translation>指令</translation>
  </message>
  <message>
   <source>Compare the code with the one that the new computer shows.</source>
   <translation>請核對新電腦上顯示的指紋短碼。</translation>
  </message>
  <message>
   <source>Connect</source>
   <translation>連線</translation>
  </message>
  <message>
   <source>Connect to a master</source>
   <translation>連線到主控節點</translation>
  </message>
  <message>
   <source>Connecting…</source>
   <translation>連線中…</translation>
  </message>
  <message>
   <source>Console link</source>
   <translation>主控台連結</translation>
  </message>
  <message>
   <source>Console link of {name}, good for one sign-in</source>
   <translation>{name} 的主控台連結，只能登入一次</translation>
  </message>
  <message>
   <source>Control</source>
   <translation>控制</translation>
  </message>
  <message>
   <source>Copied, without secrets.</source>
   <translation>已複製，不含機密值。</translation>
  </message>
  <message>
   <source>Copy and close</source>
   <translation>複製並關閉</translation>
  </message>
  <message>
   <source>Copy diagnostics</source>
   <translation>複製診斷資訊</translation>
  </message>
  <message>
   <source>Copy it now</source>
   <translation>請立即複製</translation>
  </message>
  <message>
   <source>Copy the web address</source>
   <translation>複製網址</translation>
  </message>
  <message>
   <source>Cost</source>
   <translation>費用</translation>
  </message>
  <message>
   <source>Cover it</source>
   <translation>遮住</translation>
  </message>
  <message>
   <source>Credits come from the mint. A transfer is never changed, only corrected by another.</source>
   <translation>CPT 點數來自發行帳戶。帳目不會修改，只能以另一筆更正。</translation>
  </message>
  <message>
   <source>Dark</source>
   <translation>深色</translation>
  </message>
  <message>
   <source>Database</source>
   <translation>資料庫</translation>
  </message>
  <message>
   <source>Decide…</source>
   <translation>決定…</translation>
  </message>
  <message>
   <source>Decline {n} nodes</source>
   <translation>拒絕 {n} 台節點</translation>
  </message>
  <message>
   <source>Declined a node</source>
   <translation>拒絕節點</translation>
  </message>
  <message>
   <source>Decline…</source>
   <translation>拒絕…</translation>
  </message>
  <message>
   <source>Deleted an account</source>
   <translation>刪除帳號</translation>
  </message>
  <message>
   <source>Details</source>
   <translation>詳細內容</translation>
  </message>
  <message>
   <source>Did what</source>
   <translation>做了什麼</translation>
  </message>
  <message>
   <source>Disk</source>
   <translation>磁碟</translation>
  </message>
  <message>
   <source>Disk free: {size}</source>
   <translation>磁碟可用：{size}</translation>
  </message>
  <message>
   <source>Disk full</source>
   <translation>磁碟已滿</translation>
  </message>
  <message>
   <source>Do it</source>
   <translation>前往</translation>
  </message>
  <message>
   <source>Docker</source>
   <translation>Docker</translation>
  </message>
  <message>
   <source>Done</source>
   <translation>進度</translation>
  </message>
  <message>
   <source>Door of consoles</source>
   <translation>主控台連接埠</translation>
  </message>
  <message>
   <source>Door of the nodes</source>
   <translation>節點連接埠</translation>
  </message>
  <message>
   <source>Drain {n} nodes</source>
   <translation>收尾 {n} 台節點</translation>
  </message>
  <message>
   <source>Drained a node</source>
   <translation>讓節點收尾</translation>
  </message>
  <message>
   <source>Drain…</source>
   <translation>收尾…</translation>
  </message>
  <message>
   <source>ETA</source>
   <translation>預計還要</translation>
  </message>
  <message>
   <source>Effective load</source>
   <translation>綜合負載</translation>
  </message>
  <message>
   <source>Effective load: {load}</source>
   <translation>綜合負載：{load}</translation>
  </message>
  <message>
   <source>Ended</source>
   <translation>已結束</translation>
  </message>
  <message>
   <source>Ended all other sign-ins</source>
   <translation>結束其他所有登入</translation>
  </message>
  <message>
   <source>Events</source>
   <translation>事件</translation>
  </message>
  <message>
   <source>Expires</source>
   <translation>到期</translation>
  </message>
  <message>
   <source>Expires after</source>
   <translation>期限</translation>
  </message>
  <message>
   <source>Expires in {time}</source>
   <translation>{time} 後到期</translation>
  </message>
  <message>
   <source>Explain this amount</source>
   <translation>這筆怎麼算</translation>
  </message>
  <message>
   <source>Export CSV</source>
   <translation>匯出 CSV</translation>
  </message>
  <message>
   <source>Export CSV…</source>
   <translation>匯出 CSV…</translation>
  </message>
  <message>
   <source>Export picture</source>
   <translation>匯出圖片</translation>
  </message>
  <message>
   <source>Export picture…</source>
   <translation>匯出圖片…</translation>
  </message>
  <message>
   <source>Exported the audit log</source>
   <translation>匯出稽核日誌</translation>
  </message>
  <message>
   <source>Failed to sign in</source>
   <translation>登入失敗</translation>
  </message>
  <message>
   <source>Failures by class, 1 h</source>
   <translation>失敗原因（1 小時）</translation>
  </message>
  <message>
   <source>Failures, 1 h</source>
   <translation>失敗（1 小時）</translation>
  </message>
  <message>
   <source>Fees</source>
   <translation>手續費帳戶</translation>
  </message>
  <message>
   <source>File</source>
   <translation>檔案</translation>
  </message>
  <message>
   <source>File name</source>
   <translation>檔案名稱</translation>
  </message>
  <message>
   <source>Fill: spread or pack</source>
   <translation>放置方式：spread 或 pack</translation>
  </message>
  <message>
   <source>Fingerprint code</source>
   <translation>指紋短碼</translation>
  </message>
  <message>
   <source>Flow</source>
   <translation>流動</translation>
  </message>
  <message>
   <source>Folder above</source>
   <translation>上一層資料夾</translation>
  </message>
  <message>
   <source>Folder on {machine}</source>
   <translation>{machine} 上的資料夾位置</translation>
  </message>
  <message>
   <source>Folders on {machine}</source>
   <translation>{machine} 上的資料夾</translation>
  </message>
  <message>
   <source>Follow</source>
   <translation>跟隨</translation>
  </message>
  <message>
   <source>For</source>
   <translation>對象</translation>
  </message>
  <message>
   <source>Free</source>
   <translation>空位</translation>
  </message>
  <message>
   <source>From</source>
   <translation>來源</translation>
  </message>
  <message>
   <source>From it</source>
   <translation>傳出</translation>
  </message>
  <message>
   <source>GPU</source>
   <translation>GPU</translation>
  </message>
  <message>
   <source>GPU memory</source>
   <translation>GPU 記憶體</translation>
  </message>
  <message>
   <source>Give the master a name that other computers reach it by</source>
   <translation>設定其他電腦連得到的主控節點名稱</translation>
  </message>
  <message>
   <source>Grant</source>
   <translation>撥款</translation>
  </message>
  <message>
   <source>Grant credits</source>
   <translation>撥款</translation>
  </message>
  <message>
   <source>Granted credits</source>
   <translation>撥款</translation>
  </message>
  <message>
   <source>Granted to {name}.</source>
   <translation>已撥款給 {name}。</translation>
  </message>
  <message>
   <source>Grant…</source>
   <translation>撥款…</translation>
  </message>
  <message>
   <source>Graph</source>
   <translation>圖形</translation>
  </message>
  <message>
   <source>Group</source>
   <translation>分組</translation>
  </message>
  <message>
   <source>Groups</source>
   <translation>分組</translation>
  </message>
  <message>
   <source>Has</source>
   <translation>現有</translation>
  </message>
  <message>
   <source>Held for it now</source>
   <translation>目前預扣</translation>
  </message>
  <message>
   <source>Hide</source>
   <translation>隱藏</translation>
  </message>
  <message>
   <source>High contrast</source>
   <translation>高對比</translation>
  </message>
  <message>
   <source>Hits in the whole log</source>
   <translation>整份日誌的搜尋結果</translation>
  </message>
  <message>
   <source>HiveMind needs you</source>
   <translation>HiveMind 需要你處理</translation>
  </message>
  <message>
   <source>Holds</source>
   <translation>預扣帳戶</translation>
  </message>
  <message>
   <source>How near</source>
   <translation>遠近</translation>
  </message>
  <message>
   <source>Icon in the tray, and notices when you are needed</source>
   <translation>在系統匣顯示圖示，需要你處理時通知</translation>
  </message>
  <message>
   <source>If the master was installed anew, ask its operator for a new console link.</source>
   <translation>如果主控節點重新安裝過，請向管理員索取新的主控台連結。</translation>
  </message>
  <message>
   <source>Image</source>
   <translation>映像檔</translation>
  </message>
  <message>
   <source>Images allowed</source>
   <translation>允許的映像檔</translation>
  </message>
  <message>
   <source>Income and spend by day</source>
   <translation>每日收入與支出</translation>
  </message>
  <message>
   <source>Invite people</source>
   <translation>邀請使用者</translation>
  </message>
  <message>
   <source>Invited somebody</source>
   <translation>邀請使用者</translation>
  </message>
  <message>
   <source>Isolation</source>
   <translation>隔離</translation>
  </message>
  <message>
   <source>It does not report now.</source>
   <translation>目前沒有回報。</translation>
  </message>
  <message>
   <source>It failed there</source>
   <translation>曾在該節點失敗</translation>
  </message>
  <message>
   <source>It gets no work until then.</source>
   <translation>核准前不分配任務。</translation>
  </message>
  <message>
   <source>Its owner</source>
   <translation>擁有者的設定</translation>
  </message>
  <message>
   <source>Its sign-ins and tokens stop at once; its tasks and nodes stay.</source>
   <translation>登入與權杖立即失效；任務和節點保留。</translation>
  </message>
  <message>
   <source>Join a node</source>
   <translation>加入節點</translation>
  </message>
  <message>
   <source>Join link</source>
   <translation>加入連結</translation>
  </message>
  <message>
   <source>Joined</source>
   <translation>加入時間</translation>
  </message>
  <message>
   <source>Joined with a node</source>
   <translation>加入節點</translation>
  </message>
  <message>
   <source>Keep serving</source>
   <translation>繼續執行</translation>
  </message>
  <message>
   <source>Label: {key}</source>
   <translation>標籤：{key}</translation>
  </message>
  <message>
   <source>Labelled a node</source>
   <translation>設定節點標籤</translation>
  </message>
  <message>
   <source>Labels</source>
   <translation>標籤</translation>
  </message>
  <message>
   <source>Labels of {name}</source>
   <translation>{name} 的標籤</translation>
  </message>
  <message>
   <source>Labels of {n} nodes</source>
   <translation>{n} 台節點的標籤</translation>
  </message>
  <message>
   <source>Labels: {labels}</source>
   <translation>標籤：{labels}</translation>
  </message>
  <message>
   <source>Label…</source>
   <translation>標籤…</translation>
  </message>
  <message>
   <source>Language</source>
   <translation>語言</translation>
  </message>
  <message>
   <source>Largest piece free on one node</source>
   <translation>單一節點最多可用</translation>
  </message>
  <message>
   <source>Last backup</source>
   <translation>上次備份</translation>
  </message>
  <message>
   <source>Last facts</source>
   <translation>最近事件</translation>
  </message>
  <message>
   <source>Last seen: {time}</source>
   <translation>上次回報：{time}</translation>
  </message>
  <message>
   <source>Last sign-in</source>
   <translation>上次登入</translation>
  </message>
  <message>
   <source>Lately joined</source>
   <translation>最近加入</translation>
  </message>
  <message>
   <source>Ledger</source>
   <translation>帳本</translation>
  </message>
  <message>
   <source>Left with a node</source>
   <translation>節點離開</translation>
  </message>
  <message>
   <source>Lends</source>
   <translation>提供</translation>
  </message>
  <message>
   <source>Lends: {what}</source>
   <translation>提供：{what}</translation>
  </message>
  <message>
   <source>Light</source>
   <translation>淺色</translation>
  </message>
  <message>
   <source>Live</source>
   <translation>進行中</translation>
  </message>
  <message>
   <source>Live tasks</source>
   <translation>進行中的任務</translation>
  </message>
  <message>
   <source>Live · {ms} ms</source>
   <translation>已連線 · {ms} 毫秒</translation>
  </message>
  <message>
   <source>Load</source>
   <translation>負載</translation>
  </message>
  <message>
   <source>Load of the nodes that work</source>
   <translation>可用節點的負載</translation>
  </message>
  <message>
   <source>Lock {name}</source>
   <translation>鎖定 {name}</translation>
  </message>
  <message>
   <source>Lock {name}?</source>
   <translation>要鎖定 {name} 嗎？</translation>
  </message>
  <message>
   <source>Locked</source>
   <translation>已鎖定</translation>
  </message>
  <message>
   <source>Locked a user</source>
   <translation>鎖定使用者</translation>
  </message>
  <message>
   <source>Lock…</source>
   <translation>鎖定…</translation>
  </message>
  <message>
   <source>Log</source>
   <translation>日誌</translation>
  </message>
  <message>
   <source>Log level</source>
   <translation>日誌等級</translation>
  </message>
  <message>
   <source>Logs</source>
   <translation>日誌</translation>
  </message>
  <message>
   <source>Look</source>
   <translation>查看</translation>
  </message>
  <message>
   <source>Made a VPN configuration</source>
   <translation>建立 VPN 設定</translation>
  </message>
  <message>
   <source>Made a join link</source>
   <translation>建立加入連結</translation>
  </message>
  <message>
   <source>Made a one-time login</source>
   <translation>建立一次性登入</translation>
  </message>
  <message>
   <source>Made a one-time token</source>
   <translation>建立一次性權杖</translation>
  </message>
  <message>
   <source>Made a token</source>
   <translation>建立權杖</translation>
  </message>
  <message>
   <source>Made by</source>
   <translation>建立者</translation>
  </message>
  <message>
   <source>Make a join link</source>
   <translation>建立加入連結</translation>
  </message>
  <message>
   <source>Make link</source>
   <translation>建立連結</translation>
  </message>
  <message>
   <source>Manifest</source>
   <translation>任務設定檔</translation>
  </message>
  <message>
   <source>Map</source>
   <translation>地圖</translation>
  </message>
  <message>
   <source>Master doctor</source>
   <translation>主控節點環境檢查</translation>
  </message>
  <message>
   <source>Memory</source>
   <translation>記憶體</translation>
  </message>
  <message>
   <source>Memory, %</source>
   <translation>記憶體（%）</translation>
  </message>
  <message>
   <source>Memory, GB</source>
   <translation>記憶體，GB</translation>
  </message>
  <message>
   <source>Mint</source>
   <translation>發行帳戶</translation>
  </message>
  <message>
   <source>Name</source>
   <translation>名稱</translation>
  </message>
  <message>
   <source>Name or owner</source>
   <translation>名稱或擁有者</translation>
  </message>
  <message>
   <source>Name pattern</source>
   <translation>名稱規則</translation>
  </message>
  <message>
   <source>Name, label, owner, load&gt;80</source>
   <translation>名稱、標籤、擁有者、load&gt;80</translation>
  </message>
  <message>
   <source>Needs</source>
   <translation>需要</translation>
  </message>
  <message>
   <source>Needs you</source>
   <translation>需要處理</translation>
  </message>
  <message>
   <source>Network, MB/s</source>
   <translation>網路，MB/s</translation>
  </message>
  <message>
   <source>New link</source>
   <translation>新的連結</translation>
  </message>
  <message>
   <source>New password, only if you have none yet</source>
   <translation>新密碼（還沒有密碼時才填）</translation>
  </message>
  <message>
   <source>No answer</source>
   <translation>沒有回應</translation>
  </message>
  <message>
   <source>No answer from {name} since {time}. Nodes work on. Next try in </source>
   <translation>自 {time} 起 {name} 沒有回應。節點會繼續工作。下次重試：</translation>
  </message>
  <message>
   <source>No attempt yet.</source>
   <translation>還沒有嘗試。</translation>
  </message>
  <message>
   <source>No failure in the last hour.</source>
   <translation>過去一小時沒有失敗。</translation>
  </message>
  <message>
   <source>No file yet. Files appear when a subtask has succeeded.</source>
   <translation>還沒有檔案。子任務完成後會出現。</translation>
  </message>
  <message>
   <source>No free slot</source>
   <translation>沒有空位</translation>
  </message>
  <message>
   <source>No link yet. Make one at the right.</source>
   <translation>還沒有連結，請在右邊建立。</translation>
  </message>
  <message>
   <source>No node has joined yet.</source>
   <translation>還沒有節點加入。</translation>
  </message>
  <message>
   <source>No node waits for approval.</source>
   <translation>沒有節點在等待核准。</translation>
  </message>
  <message>
   <source>No node yet. Nodes appear here as soon as they join.</source>
   <translation>還沒有節點。節點加入後會出現在這裡。</translation>
  </message>
  <message>
   <source>No task here.</source>
   <translation>這裡沒有任務。</translation>
  </message>
  <message>
   <source>No task yet. Tasks that are sent appear here.</source>
   <translation>還沒有任務。提交的任務會出現在這裡。</translation>
  </message>
  <message>
   <source>No transfer yet. The first sign-up makes one.</source>
   <translation>還沒有帳目。第一位使用者註冊時會有。</translation>
  </message>
  <message>
   <source>No use known yet. It is metered while subtasks run, and told when one has ended.</source>
   <translation>尚無用量資料。子任務執行時會計量，結束後才會回報。</translation>
  </message>
  <message>
   <source>No.</source>
   <translation>數量</translation>
  </message>
  <message>
   <source>Node</source>
   <translation>節點</translation>
  </message>
  <message>
   <source>Node after</source>
   <translation>下一台節點</translation>
  </message>
  <message>
   <source>Node before</source>
   <translation>上一台節點</translation>
  </message>
  <message>
   <source>Node map</source>
   <translation>節點地圖</translation>
  </message>
  <message>
   <source>Nodes</source>
   <translation>節點</translation>
  </message>
  <message>
   <source>Nodes and capacity</source>
   <translation>節點與總量</translation>
  </message>
  <message>
   <source>Nodes online</source>
   <translation>線上節點</translation>
  </message>
  <message>
   <source>Nodes {online} / {total}   Queue {tasks} tasks, {ready} ready   {rate} subtasks/min   Storage {share}</source>
   <translation>線上節點 {online}／{total}   佇列 {tasks} 個任務 · {ready} 個待分配   {rate} 個子任務／分   儲存空間 {share}</translation>
  </message>
  <message>
   <source>Not isolated: runs tasks of its own owner only</source>
   <translation>未隔離：只執行擁有者自己的任務</translation>
  </message>
  <message>
   <source>Not known</source>
   <translation>無法確認</translation>
  </message>
  <message>
   <source>Nothing has happened since the start.</source>
   <translation>啟動以來沒有事件。</translation>
  </message>
  <message>
   <source>Nothing needs you.</source>
   <translation>沒有需要你處理的事。</translation>
  </message>
  <message>
   <source>Nothing runs here, and nothing ended since the master's start.</source>
   <translation>這裡沒有執行中的工作，主控節點啟動以來也沒有結束的。</translation>
  </message>
  <message>
   <source>Nothing waits.</source>
   <translation>沒有在等的子任務。</translation>
  </message>
  <message>
   <source>Nothing was earned or spent yet.</source>
   <translation>還沒有收入或支出。</translation>
  </message>
  <message>
   <source>Now</source>
   <translation>目前狀況</translation>
  </message>
  <message>
   <source>Of it tasks: CPU {cpu}, memory {memory}</source>
   <translation>其中任務：CPU {cpu}、記憶體 {memory}</translation>
  </message>
  <message>
   <source>One-time login</source>
   <translation>一次性密碼</translation>
  </message>
  <message>
   <source>One-time login of {name}, shown once</source>
   <translation>{name} 的一次性密碼，只顯示一次</translation>
  </message>
  <message>
   <source>Open</source>
   <translation>開啟</translation>
  </message>
  <message>
   <source>Open it</source>
   <translation>開啟</translation>
  </message>
  <message>
   <source>Open queue</source>
   <translation>開啟佇列</translation>
  </message>
  <message>
   <source>Operator's decision</source>
   <translation>管理員的決定</translation>
  </message>
  <message>
   <source>Other side</source>
   <translation>對方</translation>
  </message>
  <message>
   <source>Overview</source>
   <translation>總覽</translation>
  </message>
  <message>
   <source>Owner</source>
   <translation>擁有者</translation>
  </message>
  <message>
   <source>Owner's list of images</source>
   <translation>擁有者允許的映像檔</translation>
  </message>
  <message>
   <source>Owner's list of users</source>
   <translation>擁有者允許的使用者</translation>
  </message>
  <message>
   <source>Owner: {name}</source>
   <translation>擁有者：{name}</translation>
  </message>
  <message>
   <source>Package index</source>
   <translation>套件索引</translation>
  </message>
  <message>
   <source>Paid so far</source>
   <translation>目前已付</translation>
  </message>
  <message>
   <source>Passed</source>
   <translation>通過</translation>
  </message>
  <message>
   <source>Password</source>
   <translation>密碼</translation>
  </message>
  <message>
   <source>Paste</source>
   <translation>貼上</translation>
  </message>
  <message>
   <source>Paste the link when it asks: it then stands in no history and no process list.</source>
   <translation>執行後貼上連結。連結不會留在指令歷史，也不會出現在行程清單。</translation>
  </message>
  <message>
   <source>Pause</source>
   <translation>暫停</translation>
  </message>
  <message>
   <source>Paused a node</source>
   <translation>暫停節點</translation>
  </message>
  <message>
   <source>Paused a task</source>
   <translation>暫停任務</translation>
  </message>
  <message>
   <source>Person, deed or thing</source>
   <translation>人、動作或對象</translation>
  </message>
  <message>
   <source>Pool name</source>
   <translation>節點池名稱</translation>
  </message>
  <message>
   <source>Port {port} is in use. Nothing is changed silently: choose another.</source>
   <translation>連接埠 {port} 已被使用，請選擇其他連接埠。</translation>
  </message>
  <message>
   <source>Ports are free; nothing is opened in a firewall.</source>
   <translation>連接埠可用；不會更動防火牆。</translation>
  </message>
  <message>
   <source>Priority</source>
   <translation>優先順序</translation>
  </message>
  <message>
   <source>Priority is now {n}.</source>
   <translation>優先順序已改為 {n}。</translation>
  </message>
  <message>
   <source>Processor kind</source>
   <translation>處理器種類</translation>
  </message>
  <message>
   <source>Progress</source>
   <translation>進度</translation>
  </message>
  <message>
   <source>Public name</source>
   <translation>對外名稱</translation>
  </message>
  <message>
   <source>Quarantine</source>
   <translation>觀察中</translation>
  </message>
  <message>
   <source>Queue</source>
   <translation>佇列</translation>
  </message>
  <message>
   <source>Ran</source>
   <translation>執行時間</translation>
  </message>
  <message>
   <source>Reading the disks of {machine}…</source>
   <translation>正在讀取 {machine} 的磁碟…</translation>
  </message>
  <message>
   <source>Ready, waiting</source>
   <translation>待分配</translation>
  </message>
  <message>
   <source>Refused</source>
   <translation>已拒絕</translation>
  </message>
  <message>
   <source>Refused first by</source>
   <translation>不符的條件</translation>
  </message>
  <message>
   <source>Remove</source>
   <translation>移除</translation>
  </message>
  <message>
   <source>Removed a secret</source>
   <translation>移除機密值</translation>
  </message>
  <message>
   <source>Removed a task's files</source>
   <translation>移除任務檔案</translation>
  </message>
  <message>
   <source>Renewed a VPN configuration</source>
   <translation>更新 VPN 設定</translation>
  </message>
  <message>
   <source>Renewed a node's certificate</source>
   <translation>更新節點憑證</translation>
  </message>
  <message>
   <source>Reports every {time}</source>
   <translation>每 {time} 回報一次</translation>
  </message>
  <message>
   <source>Required figures</source>
   <translation>必要數值</translation>
  </message>
  <message>
   <source>Reserved for another task</source>
   <translation>已保留給其他任務</translation>
  </message>
  <message>
   <source>Restart</source>
   <translation>重新啟動</translation>
  </message>
  <message>
   <source>Results kept, days</source>
   <translation>結果保留天數</translation>
  </message>
  <message>
   <source>Resume</source>
   <translation>繼續</translation>
  </message>
  <message>
   <source>Resumed a node</source>
   <translation>恢復節點</translation>
  </message>
  <message>
   <source>Resumed a task</source>
   <translation>恢復任務</translation>
  </message>
  <message>
   <source>Retried a task</source>
   <translation>重試任務</translation>
  </message>
  <message>
   <source>Retry failed</source>
   <translation>重試失敗的子任務</translation>
  </message>
  <message>
   <source>Retry now</source>
   <translation>立即重試</translation>
  </message>
  <message>
   <source>Review…</source>
   <translation>檢視…</translation>
  </message>
  <message>
   <source>Revoke link</source>
   <translation>撤銷連結</translation>
  </message>
  <message>
   <source>Revoke {n} nodes</source>
   <translation>撤銷 {n} 台節點</translation>
  </message>
  <message>
   <source>Revoked a VPN configuration</source>
   <translation>撤銷 VPN 設定</translation>
  </message>
  <message>
   <source>Revoked a join link</source>
   <translation>撤銷加入連結</translation>
  </message>
  <message>
   <source>Revoked a node</source>
   <translation>撤銷節點</translation>
  </message>
  <message>
   <source>Revoked a token</source>
   <translation>撤銷權杖</translation>
  </message>
  <message>
   <source>Revoked an invitation</source>
   <translation>撤銷邀請</translation>
  </message>
  <message>
   <source>Revoke…</source>
   <translation>撤銷…</translation>
  </message>
  <message>
   <source>Roles</source>
   <translation>角色</translation>
  </message>
  <message>
   <source>Roles of {name}</source>
   <translation>{name} 的角色</translation>
  </message>
  <message>
   <source>Roles…</source>
   <translation>角色…</translation>
  </message>
  <message>
   <source>Run a first task</source>
   <translation>執行第一個任務</translation>
  </message>
  <message>
   <source>Running attempts</source>
   <translation>執行中的嘗試</translation>
  </message>
  <message>
   <source>SHA-256</source>
   <translation>SHA-256</translation>
  </message>
  <message>
   <source>Save</source>
   <translation>儲存</translation>
  </message>
  <message>
   <source>Save all…</source>
   <translation>全部儲存…</translation>
  </message>
  <message>
   <source>Save file</source>
   <translation>儲存檔案</translation>
  </message>
  <message>
   <source>Save files to</source>
   <translation>儲存檔案到</translation>
  </message>
  <message>
   <source>Saved. They hold from the master's next start.</source>
   <translation>已儲存，主控節點下次啟動後生效。</translation>
  </message>
  <message>
   <source>Save…</source>
   <translation>儲存…</translation>
  </message>
  <message>
   <source>Search all of it</source>
   <translation>搜尋整份日誌</translation>
  </message>
  <message>
   <source>Search in the log</source>
   <translation>在日誌中搜尋</translation>
  </message>
  <message>
   <source>Search on</source>
   <translation>繼續搜尋</translation>
  </message>
  <message>
   <source>Select matches</source>
   <translation>選取符合的節點</translation>
  </message>
  <message>
   <source>Select them</source>
   <translation>選取這些節點</translation>
  </message>
  <message>
   <source>Sent a one-time login by mail</source>
   <translation>以郵件寄出一次性登入</translation>
  </message>
  <message>
   <source>Sent credits</source>
   <translation>轉帳</translation>
  </message>
  <message>
   <source>Set a secret</source>
   <translation>設定機密值</translation>
  </message>
  <message>
   <source>Set a webhook for notices</source>
   <translation>設定通知 webhook</translation>
  </message>
  <message>
   <source>Set an address for notices</source>
   <translation>設定通知信箱</translation>
  </message>
  <message>
   <source>Set the rates</source>
   <translation>設定費率</translation>
  </message>
  <message>
   <source>Settings</source>
   <translation>設定</translation>
  </message>
  <message>
   <source>Shape of the map</source>
   <translation>地圖的樣式</translation>
  </message>
  <message>
   <source>Show QR code</source>
   <translation>顯示 QR 碼</translation>
  </message>
  <message>
   <source>Show all</source>
   <translation>顯示全部</translation>
  </message>
  <message>
   <source>Show work that moves</source>
   <translation>顯示正在移動的工作</translation>
  </message>
  <message>
   <source>Sign-up grant, CPT</source>
   <translation>註冊贈點（CPT）</translation>
  </message>
  <message>
   <source>Sign-up: open, invite or closed</source>
   <translation>註冊方式：open、invite 或 closed</translation>
  </message>
  <message>
   <source>Signed in</source>
   <translation>登入</translation>
  </message>
  <message>
   <source>Signed in with a one-time login</source>
   <translation>以一次性登入登入</translation>
  </message>
  <message>
   <source>Signed out</source>
   <translation>登出</translation>
  </message>
  <message>
   <source>Signed up</source>
   <translation>註冊</translation>
  </message>
  <message>
   <source>Size</source>
   <translation>大小</translation>
  </message>
  <message>
   <source>Slots</source>
   <translation>同時執行數</translation>
  </message>
  <message>
   <source>Some resume by themselves; others need a decision.</source>
   <translation>有些會自動繼續，有些需要你決定。</translation>
  </message>
  <message>
   <source>Spend</source>
   <translation>支出</translation>
  </message>
  <message>
   <source>Start master on {computer}</source>
   <translation>在 {computer} 啟動主控節點</translation>
  </message>
  <message>
   <source>State</source>
   <translation>狀態</translation>
  </message>
  <message>
   <source>State and reason</source>
   <translation>狀態與原因</translation>
  </message>
  <message>
   <source>State of the node</source>
   <translation>節點狀態</translation>
  </message>
  <message>
   <source>States</source>
   <translation>狀態</translation>
  </message>
  <message>
   <source>Stay at the end as lines come</source>
   <translation>有新行時停在最後</translation>
  </message>
  <message>
   <source>Stop the master</source>
   <translation>停止主控節點</translation>
  </message>
  <message>
   <source>Stops work</source>
   <translation>無法運作</translation>
  </message>
  <message>
   <source>Storage</source>
   <translation>儲存空間</translation>
  </message>
  <message>
   <source>Storage folder</source>
   <translation>儲存資料夾</translation>
  </message>
  <message>
   <source>Storage folder on {machine}</source>
   <translation>{machine} 上的儲存資料夾</translation>
  </message>
  <message>
   <source>Stored files</source>
   <translation>已存檔案</translation>
  </message>
  <message>
   <source>Stream</source>
   <translation>輸出類別</translation>
  </message>
  <message>
   <source>Submit a task</source>
   <translation>提交任務</translation>
  </message>
  <message>
   <source>Submit a task…</source>
   <translation>提交任務…</translation>
  </message>
  <message>
   <source>Submit task</source>
   <translation>提交任務</translation>
  </message>
  <message>
   <source>Submitter and provider; roles can be changed later.</source>
   <translation>提交者與提供者；角色之後可以修改。</translation>
  </message>
  <message>
   <source>Subtask</source>
   <translation>子任務</translation>
  </message>
  <message>
   <source>Subtask {index}, attempt {number} on {node}</source>
   <translation>子任務 {index} · 第 {number} 次嘗試 · {node}</translation>
  </message>
  <message>
   <source>Subtasks</source>
   <translation>子任務</translation>
  </message>
  <message>
   <source>Subtasks that succeeded, over the last five minutes</source>
   <translation>過去五分鐘完成的子任務</translation>
  </message>
  <message>
   <source>System</source>
   <translation>跟隨系統</translation>
  </message>
  <message>
   <source>System of the computer</source>
   <translation>電腦的作業系統</translation>
  </message>
  <message>
   <source>System of the image</source>
   <translation>映像檔的作業系統</translation>
  </message>
  <message>
   <source>Task</source>
   <translation>任務</translation>
  </message>
  <message>
   <source>Task of the transfers</source>
   <translation>帳目的任務</translation>
  </message>
  <message>
   <source>Tasks may ask for them in [requires] or prefer them. What an agent calls itself stays below.</source>
   <translation>任務可以在 [requires] 要求這些標籤，或列為偏好。代理程式自己的標籤仍會保留。</translation>
  </message>
  <message>
   <source>The console shows and steers one master. It never starts a second one by itself.</source>
   <translation>主控台只管理一個主控節點，不會自行啟動第二個。</translation>
  </message>
  <message>
   <source>The fingerprint of the link is checked and pinned before anything is sent.</source>
   <translation>送出任何資料之前，會先核對並記住連結裡的指紋。</translation>
  </message>
  <message>
   <source>The first {n} files; the whole result is on the task's web page.</source>
   <translation>前 {n} 個檔案；完整結果在任務的網頁上。</translation>
  </message>
  <message>
   <source>The graph is for up to {n} nodes in {groups} groups.</source>
   <translation>圖形最多顯示 {groups} 組、{n} 台節點。</translation>
  </message>
  <message>
   <source>The master at {where} does not answer.</source>
   <translation>{where} 的主控節點沒有回應。</translation>
  </message>
  <message>
   <source>The master did not start:</source>
   <translation>主控節點沒有啟動：</translation>
  </message>
  <message>
   <source>The master has ended by itself.</source>
   <translation>主控節點已自行結束。</translation>
  </message>
  <message>
   <source>The master is ending…</source>
   <translation>主控節點正在結束…</translation>
  </message>
  <message>
   <source>The master searches…</source>
   <translation>主控節點搜尋中…</translation>
  </message>
  <message>
   <source>The master's settings</source>
   <translation>主控節點的設定</translation>
  </message>
  <message>
   <source>The mean of the subtasks that ran at each moment; the dashed line is what is reserved for one.</source>
   <translation>每一刻執行中子任務的平均值；虛線是每個子任務的保留量。</translation>
  </message>
  <message>
   <source>There is no pinned master {host} yet: paste a console link.</source>
   <translation>還沒有記住 {host} 這個主控節點，請貼上主控台連結。</translation>
  </message>
  <message>
   <source>This is not the master that was pinned: its fingerprint differs. Nothing was sent.</source>
   <translation>這不是先前記住的主控節點：指紋不同。沒有送出任何資料。</translation>
  </message>
  <message>
   <source>This link has expired. Make another one.</source>
   <translation>加入連結已過期，請建立新的。</translation>
  </message>
  <message>
   <source>This window</source>
   <translation>這個視窗</translation>
  </message>
  <message>
   <source>This window started the master. Keep serving, or stop it?</source>
   <translation>主控節點是這個視窗啟動的。要讓它繼續執行，還是停止？</translation>
  </message>
  <message>
   <source>Throughput</source>
   <translation>處理速度</translation>
  </message>
  <message>
   <source>Tiles</source>
   <translation>方格</translation>
  </message>
  <message>
   <source>Time</source>
   <translation>時間</translation>
  </message>
  <message>
   <source>Time window</source>
   <translation>時間範圍</translation>
  </message>
  <message>
   <source>To do</source>
   <translation>需要處理</translation>
  </message>
  <message>
   <source>To it</source>
   <translation>傳入</translation>
  </message>
  <message>
   <source>To what</source>
   <translation>對象項目</translation>
  </message>
  <message>
   <source>Today</source>
   <translation>今天</translation>
  </message>
  <message>
   <source>Took back a wish for credits</source>
   <translation>收回點數申請</translation>
  </message>
  <message>
   <source>Transfers</source>
   <translation>帳目</translation>
  </message>
  <message>
   <source>Unlock</source>
   <translation>解除鎖定</translation>
  </message>
  <message>
   <source>Unlocked a user</source>
   <translation>解除鎖定使用者</translation>
  </message>
  <message>
   <source>User</source>
   <translation>使用者</translation>
  </message>
  <message>
   <source>User name</source>
   <translation>使用者名稱</translation>
  </message>
  <message>
   <source>Users</source>
   <translation>使用者</translation>
  </message>
  <message>
   <source>Uses</source>
   <translation>可加入台數</translation>
  </message>
  <message>
   <source>Uses left</source>
   <translation>剩餘次數</translation>
  </message>
  <message>
   <source>VPN applied here</source>
   <translation>在這台電腦套用 VPN</translation>
  </message>
  <message>
   <source>VPN endpoint</source>
   <translation>VPN 對外位址</translation>
  </message>
  <message>
   <source>VPN network</source>
   <translation>VPN 網段</translation>
  </message>
  <message>
   <source>VPN port</source>
   <translation>VPN 連接埠</translation>
  </message>
  <message>
   <source>Verify ledger</source>
   <translation>驗證帳本</translation>
  </message>
  <message>
   <source>Verify now</source>
   <translation>立即驗證</translation>
  </message>
  <message>
   <source>Version</source>
   <translation>版本</translation>
  </message>
  <message>
   <source>Waiting for approval</source>
   <translation>等待核准</translation>
  </message>
  <message>
   <source>Waits for a restart of the master.</source>
   <translation>等主控節點重新啟動後生效。</translation>
  </message>
  <message>
   <source>Web</source>
   <translation>網頁</translation>
  </message>
  <message>
   <source>Web door</source>
   <translation>網頁連接埠</translation>
  </message>
  <message>
   <source>What the task is, in full</source>
   <translation>完整的任務設定檔</translation>
  </message>
  <message>
   <source>Which pool do you look after today?</source>
   <translation>今天要管理哪個節點池？</translation>
  </message>
  <message>
   <source>Which tasks</source>
   <translation>哪些任務</translation>
  </message>
  <message>
   <source>Who</source>
   <translation>誰</translation>
  </message>
  <message>
   <source>Whoever has the link can join: treat it like a password.</source>
   <translation>拿到連結的人就能加入，請當成密碼保管。</translation>
  </message>
  <message>
   <source>Why</source>
   <translation>原因</translation>
  </message>
  <message>
   <source>Why waiting</source>
   <translation>為什麼在等</translation>
  </message>
  <message>
   <source>Wrap long lines</source>
   <translation>長行自動換行</translation>
  </message>
  <message>
   <source>Write a first backup</source>
   <translation>完成第一次備份</translation>
  </message>
  <message>
   <source>Zip</source>
   <translation>ZIP 檔</translation>
  </message>
  <message>
   <source>Zoom in</source>
   <translation>放大</translation>
  </message>
  <message>
   <source>Zoom out</source>
   <translation>縮小</translation>
  </message>
  <message>
   <source>a task before it failed</source>
   <translation>前置任務失敗</translation>
  </message>
  <message>
   <source>all of it</source>
   <translation>全部</translation>
  </message>
  <message>
   <source>at most {what}</source>
   <translation>最多 {what}</translation>
  </message>
  <message>
   <source>correction</source>
   <translation>更正</translation>
  </message>
  <message>
   <source>disk</source>
   <translation>磁碟</translation>
  </message>
  <message>
   <source>done {time}</source>
   <translation>{time} 完成</translation>
  </message>
  <message>
   <source>fee</source>
   <translation>手續費</translation>
  </message>
  <message>
   <source>for {n} nodes</source>
   <translation>可加入 {n} 台節點</translation>
  </message>
  <message>
   <source>grant</source>
   <translation>撥款</translation>
  </message>
  <message>
   <source>hold</source>
   <translation>預扣</translation>
  </message>
  <message>
   <source>hold extended</source>
   <translation>追加預扣</translation>
  </message>
  <message>
   <source>hold of {name}</source>
   <translation>{name} 的預扣</translation>
  </message>
  <message>
   <source>hold released</source>
   <translation>退回預扣</translation>
  </message>
  <message>
   <source>in the data folder of your user</source>
   <translation>在你的使用者資料夾</translation>
  </message>
  <message>
   <source>inner line = GPU · size = capacity · number = attempts</source>
   <translation>內框＝有 GPU · 大小＝總量 · 數字＝嘗試數</translation>
  </message>
  <message>
   <source>its cap is reached</source>
   <translation>已達費用上限</translation>
  </message>
  <message>
   <source>its image cannot be had, tried again by itself</source>
   <translation>無法取得映像檔，會自動重試</translation>
  </message>
  <message>
   <source>kept until {date}</source>
   <translation>保留到 {date}</translation>
  </message>
  <message>
   <source>lost</source>
   <translation>失聯</translation>
  </message>
  <message>
   <source>missing output</source>
   <translation>缺少產出檔案</translation>
  </message>
  <message>
   <source>never</source>
   <translation>從未</translation>
  </message>
  <message>
   <source>no node meets its conditions</source>
   <translation>沒有符合條件的節點</translation>
  </message>
  <message>
   <source>no output yet</source>
   <translation>還沒有輸出</translation>
  </message>
  <message>
   <source>no value</source>
   <translation>沒有值</translation>
  </message>
  <message>
   <source>node or environment</source>
   <translation>節點或環境問題</translation>
  </message>
  <message>
   <source>none</source>
   <translation>無</translation>
  </message>
  <message>
   <source>not connected</source>
   <translation>未連線</translation>
  </message>
  <message>
   <source>nothing waits</source>
   <translation>沒有在等的</translation>
  </message>
  <message>
   <source>now: CPU {cpu} %, memory {memory}</source>
   <translation>目前：CPU {cpu}%、記憶體 {memory}</translation>
  </message>
  <message>
   <source>of {n}</source>
   <translation>／{n}</translation>
  </message>
  <message>
   <source>of {n} slots</source>
   <translation>共 {n} 個空位</translation>
  </message>
  <message>
   <source>oldest waits {time}</source>
   <translation>最久已等 {time}</translation>
  </message>
  <message>
   <source>operator</source>
   <translation>管理員</translation>
  </message>
  <message>
   <source>out of funds, resumes by itself</source>
   <translation>餘額不足，加值後自動繼續</translation>
  </message>
  <message>
   <source>out of memory</source>
   <translation>記憶體不足</translation>
  </message>
  <message>
   <source>paid in the last hour</source>
   <translation>過去一小時支出</translation>
  </message>
  <message>
   <source>practice</source>
   <translation>試跑</translation>
  </message>
  <message>
   <source>program error</source>
   <translation>程式錯誤</translation>
  </message>
  <message>
   <source>provider</source>
   <translation>提供者</translation>
  </message>
  <message>
   <source>reward</source>
   <translation>獎勵</translation>
  </message>
  <message>
   <source>reward, short of funds</source>
   <translation>獎勵（餘額不足）</translation>
  </message>
  <message>
   <source>sign-up grant</source>
   <translation>註冊贈點</translation>
  </message>
  <message>
   <source>since {time} · {done} of {all} done · {paid} CPT · {eta}</source>
   <translation>自 {time} 起 · 完成 {done}／{all} · 費用 {paid} CPT · {eta}</translation>
  </message>
  <message>
   <source>stands still</source>
   <translation>停住</translation>
  </message>
  <message>
   <source>stderr</source>
   <translation>標準錯誤</translation>
  </message>
  <message>
   <source>stdout</source>
   <translation>標準輸出</translation>
  </message>
  <message>
   <source>submitter</source>
   <translation>提交者</translation>
  </message>
  <message>
   <source>subtasks per minute</source>
   <translation>每分鐘子任務</translation>
  </message>
  <message>
   <source>the link's address</source>
   <translation>連結上的位址</translation>
  </message>
  <message>
   <source>the master</source>
   <translation>主控節點</translation>
  </message>
  <message>
   <source>the pool's disk damaged one of its files</source>
   <translation>節點池的磁碟損壞了它的檔案</translation>
  </message>
  <message>
   <source>this computer</source>
   <translation>這台電腦</translation>
  </message>
  <message>
   <source>this computer's address</source>
   <translation>這台電腦的位址</translation>
  </message>
  <message>
   <source>timeout</source>
   <translation>逾時</translation>
  </message>
  <message>
   <source>transfer</source>
   <translation>轉帳</translation>
  </message>
  <message>
   <source>what failed</source>
   <translation>失敗的部分</translation>
  </message>
  <message>
   <source>would take it</source>
   <translation>可以接</translation>
  </message>
  <message>
   <source>yourself</source>
   <translation>你自己</translation>
  </message>
  <message>
   <source>{address} is not HOST:PORT</source>
   <translation>{address} 不是 HOST:PORT</translation>
  </message>
  <message>
   <source>{a} disconnected, {b} down</source>
   <translation>{a} 台斷線，{b} 台停止回應</translation>
  </message>
  <message>
   <source>{change} against last hour</source>
   <translation>比前一小時 {change}</translation>
  </message>
  <message>
   <source>{date}: income {income}, spend {spend} CPT</source>
   <translation>{date}：收入 {income}，支出 {spend} CPT</translation>
  </message>
  <message>
   <source>{folder} cannot be written: {reason}</source>
   <translation>無法寫入 {folder}：{reason}</translation>
  </message>
  <message>
   <source>{folder} does not keep what is written.</source>
   <translation>{folder} 沒有保留寫入的內容。</translation>
  </message>
  <message>
   <source>{folder} is not there.</source>
   <translation>找不到 {folder}。</translation>
  </message>
  <message>
   <source>{free} free of {total}</source>
   <translation>可用 {free}，共 {total}</translation>
  </message>
  <message>
   <source>{free} free · {n} folders</source>
   <translation>可用 {free} · {n} 個資料夾</translation>
  </message>
  <message>
   <source>{held} reserved of {total}</source>
   <translation>已保留 {held}，共 {total}</translation>
  </message>
  <message>
   <source>{names}
{n} running subtasks stop now; what was used is charged.</source>
   <translation>{names}
{n} 個執行中的子任務會立即停止；已用掉的仍會計費。</translation>
  </message>
  <message>
   <source>{name} and {n} more</source>
   <translation>{name} 及其他 {n} 台</translation>
  </message>
  <message>
   <source>{name} has joined</source>
   <translation>{name} 已加入</translation>
  </message>
  <message>
   <source>{name} was submitted</source>
   <translation>「{name}」已提交</translation>
  </message>
  <message>
   <source>{name} was submitted.</source>
   <translation>「{name}」已提交。</translation>
  </message>
  <message>
   <source>{n} attempts run there</source>
   <translation>上面有 {n} 次嘗試</translation>
  </message>
  <message>
   <source>{n} attempts run there and are finished first.</source>
   <translation>上面有 {n} 次嘗試，會先做完。</translation>
  </message>
  <message>
   <source>{n} attempts run there and are lost.</source>
   <translation>上面有 {n} 次嘗試，會遺失。</translation>
  </message>
  <message>
   <source>{n} cores</source>
   <translation>{n} 核心</translation>
  </message>
  <message>
   <source>{n} failed</source>
   <translation>{n} 個失敗</translation>
  </message>
  <message>
   <source>{n} files</source>
   <translation>{n} 個檔案</translation>
  </message>
  <message>
   <source>{n} files saved.</source>
   <translation>已儲存 {n} 個檔案。</translation>
  </message>
  <message>
   <source>{n} in 5 s</source>
   <translation>5 秒內 {n} 個</translation>
  </message>
  <message>
   <source>{n} lines in the first {size}</source>
   <translation>前 {size} 有 {n} 行符合</translation>
  </message>
  <message>
   <source>{n} lines in the whole log</source>
   <translation>整份日誌共 {n} 行符合</translation>
  </message>
  <message>
   <source>{n} lines; each hashes the one before it</source>
   <translation>{n} 筆，每筆都接續前一筆的雜湊</translation>
  </message>
  <message>
   <source>{n} new lines</source>
   <translation>{n} 行新內容</translation>
  </message>
  <message>
   <source>{n} nodes</source>
   <translation>{n} 台節點</translation>
  </message>
  <message>
   <source>{n} nodes in the pool</source>
   <translation>節點池目前有 {n} 台</translation>
  </message>
  <message>
   <source>{n} nodes labelled.</source>
   <translation>已設定 {n} 台節點的標籤。</translation>
  </message>
  <message>
   <source>{n} nodes match</source>
   <translation>{n} 台符合</translation>
  </message>
  <message>
   <source>{n} nodes of one group were lost within a minute. One cause is likely.</source>
   <translation>同一組的 {n} 台節點在一分鐘內失聯，可能出自同一個原因。</translation>
  </message>
  <message>
   <source>{n} nodes paused.</source>
   <translation>已暫停 {n} 台節點。</translation>
  </message>
  <message>
   <source>{n} nodes selected</source>
   <translation>已選取 {n} 台</translation>
  </message>
  <message>
   <source>{n} nodes wait for approval</source>
   <translation>{n} 台節點等待核准</translation>
  </message>
  <message>
   <source>{n} nodes · load {load}</source>
   <translation>{n} 台 · 負載 {load}</translation>
  </message>
  <message>
   <source>{n} of {total}</source>
   <translation>第 {n} 台，共 {total} 台</translation>
  </message>
  <message>
   <source>{n} rows</source>
   <translation>{n} 筆</translation>
  </message>
  <message>
   <source>{n} seconds.</source>
   <translation>{n} 秒後</translation>
  </message>
  <message>
   <source>{n} subtasks · estimate {low}–{high} CPT</source>
   <translation>{n} 個子任務 · 估價 {low}–{high} CPT</translation>
  </message>
  <message>
   <source>{n} tasks</source>
   <translation>{n} 個任務</translation>
  </message>
  <message>
   <source>{n} tasks are being cancelled.</source>
   <translation>正在取消 {n} 個任務。</translation>
  </message>
  <message>
   <source>{n} tasks are held</source>
   <translation>{n} 個任務已擱置</translation>
  </message>
  <message>
   <source>{n} transfers</source>
   <translation>{n} 筆帳目</translation>
  </message>
  <message>
   <source>{n} users</source>
   <translation>{n} 位使用者</translation>
  </message>
  <message>
   <source>{n}, by priority and age</source>
   <translation>{n} 個，依優先順序與時間</translation>
  </message>
  <message>
   <source>{n}{more} hits</source>
   <translation>找到 {n}{more} 處</translation>
  </message>
  <message>
   <source>{share} of {n} ended</source>
   <translation>{n} 個結束的 {share}</translation>
  </message>
  <message>
   <source>{state}, {pool} on {host}</source>
   <translation>{state}，{pool}（{host}）</translation>
  </message>
  <message>
   <source>{text} is not key=value.</source>
   <translation>{text} 不是 key=value 的格式。</translation>
  </message>
  <message>
   <source>≈ {time}</source>
   <translation>約 {time}</translation>
  </message>
 </context>
</TS>
