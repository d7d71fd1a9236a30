"""What gateways say, understood and kept: payload codecs, MQTT source, receive."""
