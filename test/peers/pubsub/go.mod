module pubsubpeer

go 1.25.0

require cloud.google.com/go/pubsub/v2 v2.5.0
