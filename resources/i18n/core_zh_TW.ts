<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_TW" sourcelanguage="en">
 <context>
  <name>HiveMind</name>
  <message>
   <source>Accepted</source>
   <translation>已接受</translation>
  </message>
  <message>
   <source>Active</source>
   <translation>進行中</translation>
  </message>
  <message>
   <source>Back</source>
   <translation>返回</translation>
  </message>
  <message>
   <source>Busy</source>
   <translation>忙碌</translation>
  </message>
  <message>
   <source>Cancelled</source>
   <translation>已取消</translation>
  </message>
  <message>
   <source>Cancelling</source>
   <translation>正在取消</translation>
  </message>
  <message>
   <source>Computer in use</source>
   <translation>電腦使用中</translation>
  </message>
  <message>
   <source>Copy</source>
   <translation>複製</translation>
  </message>
  <message>
   <source>Copy details</source>
   <translation>複製詳細內容</translation>
  </message>
  <message>
   <source>Degraded</source>
   <translation>部分異常</translation>
  </message>
  <message>
   <source>Disconnected</source>
   <translation>已斷線</translation>
  </message>
  <message>
   <source>Down</source>
   <translation>已停止回應</translation>
  </message>
  <message>
   <source>Drained</source>
   <translation>已收尾</translation>
  </message>
  <message>
   <source>Draining</source>
   <translation>收尾中</translation>
  </message>
  <message>
   <source>Failed</source>
   <translation>失敗</translation>
  </message>
  <message>
   <source>GPU paused</source>
   <translation>GPU 已暫停</translation>
  </message>
  <message>
   <source>Given back</source>
   <translation>已交還</translation>
  </message>
  <message>
   <source>Held</source>
   <translation>已擱置</translation>
  </message>
  <message>
   <source>Idle</source>
   <translation>閒置</translation>
  </message>
  <message>
   <source>In quarantine</source>
   <translation>觀察中</translation>
  </message>
  <message>
   <source>Initializing</source>
   <translation>初始化中</translation>
  </message>
  <message>
   <source>Left out</source>
   <translation>已略過</translation>
  </message>
  <message>
   <source>Lost</source>
   <translation>已失聯</translation>
  </message>
  <message>
   <source>Merging</source>
   <translation>合併中</translation>
  </message>
  <message>
   <source>New</source>
   <translation>新加入</translation>
  </message>
  <message>
   <source>Node disconnected, not confirmed</source>
   <translation>節點失聯，等待確認</translation>
  </message>
  <message>
   <source>Not connected</source>
   <translation>未連線</translation>
  </message>
  <message>
   <source>Not taken by the node</source>
   <translation>節點未接受</translation>
  </message>
  <message>
   <source>Offered</source>
   <translation>已送出</translation>
  </message>
  <message>
   <source>Outside its schedule</source>
   <translation>不在排定時段</translation>
  </message>
  <message>
   <source>Paused</source>
   <translation>已暫停</translation>
  </message>
  <message>
   <source>Paused by its owner</source>
   <translation>擁有者已暫停</translation>
  </message>
  <message>
   <source>Pausing</source>
   <translation>正在暫停</translation>
  </message>
  <message>
   <source>Preparing</source>
   <translation>準備中</translation>
  </message>
  <message>
   <source>Queued</source>
   <translation>排隊中</translation>
  </message>
  <message>
   <source>Quitting</source>
   <translation>正在結束</translation>
  </message>
  <message>
   <source>Ready to be given out</source>
   <translation>待分配</translation>
  </message>
  <message>
   <source>Ready to work</source>
   <translation>就緒</translation>
  </message>
  <message>
   <source>Reason</source>
   <translation>原因</translation>
  </message>
  <message>
   <source>Reason; it stands in the audit log and others read it</source>
   <translation>原因（會寫入稽核日誌，其他人看得到）</translation>
  </message>
  <message>
   <source>Report overdue</source>
   <translation>回報逾時</translation>
  </message>
  <message>
   <source>Revoked</source>
   <translation>已撤銷</translation>
  </message>
  <message>
   <source>Running</source>
   <translation>執行中</translation>
  </message>
  <message>
   <source>Sending results back</source>
   <translation>回傳結果中</translation>
  </message>
  <message>
   <source>Show or hide</source>
   <translation>顯示或隱藏</translation>
  </message>
  <message>
   <source>Stopped</source>
   <translation>已停止</translation>
  </message>
  <message>
   <source>Succeeded</source>
   <translation>已完成</translation>
  </message>
  <message>
   <source>Superseded</source>
   <translation>已由其他嘗試取代</translation>
  </message>
  <message>
   <source>Tried again later</source>
   <translation>稍後重試</translation>
  </message>
  <message>
   <source>Type {text} to confirm</source>
   <translation>輸入 {text} 以確認</translation>
  </message>
  <message>
   <source>Undo</source>
   <translation>復原</translation>
  </message>
  <message>
   <source>Waiting</source>
   <translation>等待中</translation>
  </message>
  <message>
   <source>Waits for a step before it</source>
   <translation>等待前一步</translation>
  </message>
  <message>
   <source>Waits for approval</source>
   <translation>待核准</translation>
  </message>
  <message>
   <source>Work waits</source>
   <translation>等待</translation>
  </message>
  <message>
   <source>not known yet</source>
   <translation>尚無資料</translation>
  </message>
  <message>
   <source>{d} d {h} h</source>
   <translation>{d} 天 {h} 小時</translation>
  </message>
  <message>
   <source>{h} h {m} min</source>
   <translation>{h} 小時 {m} 分</translation>
  </message>
  <message>
   <source>{m} min {s} s</source>
   <translation>{m} 分 {s} 秒</translation>
  </message>
  <message>
   <source>{n} %</source>
   <translation>{n}%</translation>
  </message>
  <message>
   <source>{n} hours ago</source>
   <translation>{n} 小時前</translation>
  </message>
  <message>
   <source>{n} min</source>
   <translation>{n} 分</translation>
  </message>
  <message>
   <source>{n} minutes ago</source>
   <translation>{n} 分鐘前</translation>
  </message>
  <message>
   <source>{n} s</source>
   <translation>{n} 秒</translation>
  </message>
  <message>
   <source>{n} seconds ago</source>
   <translation>{n} 秒前</translation>
  </message>
 </context>
</TS>
